import FoundationEssentials

/// The four normalization forms, with a record of which character came from where.
///
/// Source: Unicode Standard Annex 15. Text is decomposed (NFD, NFKD), marks are put in order, and
/// for NFC and NFKC composed again.
enum UnicodeNormalization: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// A scalar of the result, and how many scalars of the text it takes: 0 replaces the next one,
    /// 1 adds to the one before, -n replaces the next one and n behind it.
    struct Edit {
        var scalar: Unicode.Scalar
        var change: Int
    }

    private var composes: Bool { self == .nfc || self == .nfkc }
    private var isCompatible: Bool { self == .nfkc || self == .nfkd }

    /// Whether a scalar never changes in this form, whatever surrounds it, as long as all its
    /// neighbours have this property too.
    func keeps(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < (composes && !isCompatible ? 0x300 : 0x80) { return true }
        if (0x4e00...0x9fff).contains(scalar.value) { return true }
        if (0xac00...0xd7a3).contains(scalar.value) { return composes }
        if (0x1100...0x11ff).contains(scalar.value) { return false }
        if scalar.properties.canonicalCombiningClass != .notReordered { return false }
        let table = DecompositionTable.shared
        if composes && table.secondHalves.contains(scalar.value) { return false }
        guard let entry = table.entries[scalar.value] else { return true }
        switch entry.kind {
        case .compatibility: return !isCompatible
        case .composing: return composes && !isCompatible
        case .canonical: return false
        }
    }

    /// The normalized form of a text as edits of its scalars.
    func edits(of text: some Sequence<Unicode.Scalar>) -> [Edit] {
        var edits: [Edit] = []
        for scalar in text {
            let start = edits.count
            decompose(scalar.value, into: &edits)
            for index in edits.indices[start...] { edits[index].change = index == start ? 0 : 1 }
        }
        reorder(&edits)
        return composes ? composed(edits) : edits
    }

    private func decompose(_ code: UInt32, into edits: inout [Edit]) {
        if let hangul = Hangul.parts(of: code) {
            for part in hangul { append(part, to: &edits) }
        } else if let entry = DecompositionTable.shared.entries[code],
            isCompatible || entry.kind != .compatibility
        {
            for part in entry.scalars { decompose(part, into: &edits) }
        } else {
            append(code, to: &edits)
        }
    }

    private func append(_ code: UInt32, to edits: inout [Edit]) {
        if let scalar = Unicode.Scalar(code) { edits.append(Edit(scalar: scalar, change: 0)) }
    }

    /// Sorts each run of marks by combining class, equal ones staying in order.
    private func reorder(_ edits: inout [Edit]) {
        var index = 0
        while index < edits.count {
            guard edits[index].scalar.combiningClass != 0 else {
                index += 1
                continue
            }
            var end = index + 1
            while end < edits.count, edits[end].scalar.combiningClass != 0 { end += 1 }
            if end - index > 1 {
                let sorted = edits[index..<end].enumerated().sorted {
                    ($0.element.scalar.combiningClass, $0.offset)
                        < ($1.element.scalar.combiningClass, $1.offset)
                }
                edits.replaceSubrange(index..<end, with: sorted.map(\.element))
            }
            index = end
        }
    }

    /// Joins each starter with the marks and starters behind it that it has a joint form with.
    private func composed(_ edits: [Edit]) -> [Edit] {
        var result: [Edit] = []
        result.reserveCapacity(edits.count)
        var starter: Int?
        var lastClass: UInt8 = 0
        for edit in edits {
            let ownClass = edit.scalar.combiningClass
            let adjoins = starter == result.count - 1
            if let at = starter, adjoins || lastClass < ownClass,
                let joint = DecompositionTable.joint(result[at].scalar.value, edit.scalar.value)
            {
                result[at].scalar = joint
                result[at].change += edit.change - 1
                continue
            }
            if ownClass == 0 { starter = result.count }
            lastClass = ownClass
            result.append(edit)
        }
        return result
    }
}

/// Korean syllables, whose decomposition is arithmetic (Unicode Standard, section 3.12).
private enum Hangul {
    static let syllables: UInt32 = 0xac00
    static let leads: UInt32 = 0x1100
    static let vowels: UInt32 = 0x1161
    static let trails: UInt32 = 0x11a7

    static func parts(of code: UInt32) -> [UInt32]? {
        guard (syllables..<syllables + 11172).contains(code) else { return nil }
        let index = code - syllables
        let two = [leads + index / 588, vowels + index % 588 / 28]
        return index % 28 == 0 ? two : two + [trails + index % 28]
    }

    static func joint(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (leads..<leads + 19).contains(first), (vowels..<vowels + 21).contains(second) {
            return syllables + (first - leads) * 588 + (second - vowels) * 28
        }
        if (syllables..<syllables + 11172).contains(first), (first - syllables) % 28 == 0,
            (trails + 1..<trails + 28).contains(second)
        {
            return first + second - trails
        }
        return nil
    }
}

/// The mappings of ``UnicodeDecompositions`` up to Unicode 12, read once.
///
/// The reference stops there; what came later is left as it is.
private struct DecompositionTable: Sendable {
    enum Kind: UInt8 {
        case canonical, composing, compatibility
    }
    struct Entry: Sendable {
        var kind: Kind
        var scalars: [UInt32]
    }

    var entries: [UInt32: Entry] = [:]
    /// The joint form of two scalars.
    var joints: [UInt64: UInt32] = [:]
    /// The scalars that are the second half of a joint form.
    var secondHalves: Set<UInt32> = []

    static let shared = DecompositionTable()

    private init() {
        let bytes = [UInt8](Data(base64Encoded: UnicodeDecompositions.encoded) ?? Data())
        var position = 0
        func number() -> UInt32 {
            var value: UInt32 = 0
            var shift: UInt32 = 0
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                value |= UInt32(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        var code: UInt32 = 0
        while position < bytes.count {
            code += number()
            let isKnown = Unicode.Scalar(code)?.isAssigned(by: 12) ?? false
            let header = bytes[position]
            position += 1
            let scalars = (0..<Int(header / 4)).map { _ in number() }
            let kind = Kind(rawValue: header % 4) ?? .canonical
            if !isKnown { continue }
            entries[code] = Entry(kind: kind, scalars: scalars)
            if kind == .composing, scalars.count == 2 {
                joints[UInt64(scalars[0]) << 32 | UInt64(scalars[1])] = code
                secondHalves.insert(scalars[1])
            }
        }
    }

    static func joint(_ first: UInt32, _ second: UInt32) -> Unicode.Scalar? {
        let code =
            Hangul.joint(first, second) ?? shared.joints[UInt64(first) << 32 | UInt64(second)]
        return code.flatMap(Unicode.Scalar.init)
    }
}

extension Unicode.Scalar {
    /// The canonical combining class; most characters have 0.
    fileprivate var combiningClass: UInt8 {
        value < 0x300 ? 0 : properties.canonicalCombiningClass.rawValue
    }
}
