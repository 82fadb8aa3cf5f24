/// A stretch of text on its way through normalization, with the place each byte came from.
struct AlignedText: Sendable {
    /// The text as it is now, valid UTF-8.
    var bytes: [UInt8]
    /// Per byte, the range of input bytes that it stands for.
    var sources: [Range<Int>]
    /// Where the stretch starts in the input.
    let origin: Int
    /// The most bytes that the text may grow to.
    private let limit: Int

    /// How much longer than the input a text may become, and what short ones may have anyway.
    private static let largestGrowth = (factor: 64, minimum: 65536)

    /// Takes over bytes that lie unchanged at `origin` of the input.
    init(plain bytes: some Collection<UInt8>, origin: Int) {
        self.bytes = Array(bytes)
        self.origin = origin
        limit = max(self.bytes.count * Self.largestGrowth.factor, Self.largestGrowth.minimum)
        sources = []
        sources.reserveCapacity(self.bytes.count)
        forEachScalar(in: self.bytes[...]) { _, range in
            let source = origin + range.lowerBound..<origin + range.upperBound
            for _ in range { sources.append(source) }
        }
    }

    /// Takes over bytes with known sources.
    init(bytes: some Collection<UInt8>, sources: some Collection<Range<Int>>) {
        self.bytes = Array(bytes)
        self.sources = Array(sources)
        origin = self.sources.first?.lowerBound ?? 0
        limit = max(self.bytes.count * Self.largestGrowth.factor, Self.largestGrowth.minimum)
    }

    /// Throws if the text is, or is about to become, absurdly much longer than it was.
    func checkGrowth(by count: Int = 0) throws(RegularExpressionError) {
        let (total, overflow) = bytes.count.addingReportingOverflow(count)
        if overflow || total > limit { throw .tooLong(byteCount: overflow ? .max : total) }
    }

    /// The scalars of the text.
    var scalars: [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(bytes.count)
        forEachScalar(in: bytes[...]) { scalar, _ in result.append(scalar) }
        return result
    }

    /// Replaces each scalar by none or more others, which keep its source.
    mutating func map(_ replacement: (Unicode.Scalar, inout [UInt8]) -> Void) {
        var mapped: [UInt8] = []
        var mappedSources: [Range<Int>] = []
        mapped.reserveCapacity(bytes.count)
        mappedSources.reserveCapacity(bytes.count)
        forEachScalar(in: bytes[...]) { scalar, range in
            replacement(scalar, &mapped)
            while mappedSources.count < mapped.count {
                mappedSources.append(sources[range.lowerBound])
            }
        }
        bytes = mapped
        sources = mappedSources
    }

    /// Removes the scalars for which `keep` is false.
    mutating func filter(_ keep: (Unicode.Scalar) -> Bool) {
        map { scalar, output in
            if keep(scalar) { output.append(contentsOf: UTF8.encodedBytes(of: scalar)) }
        }
    }

    /// Puts a text in front; its source is that of the first scalar.
    mutating func prepend(_ text: [UInt8]) {
        guard let first = sources.first else { return }
        bytes.insert(contentsOf: text, at: 0)
        sources.insert(contentsOf: Array(repeating: first, count: text.count), at: 0)
    }

    /// Keeps only a range of the bytes.
    mutating func keep(_ range: Range<Int>) {
        bytes = Array(bytes[range])
        sources = Array(sources[range])
    }

    /// Puts `content` in place of the given ranges, which are in order and do not overlap.
    ///
    /// It has the source of the last byte that it replaces, or of the byte before it.
    mutating func replace(_ ranges: [Range<Int>], with content: [UInt8]) {
        guard !ranges.isEmpty else { return }
        var replaced: [UInt8] = []
        var replacedSources: [Range<Int>] = []
        var done = 0
        for range in ranges {
            replaced += bytes[done..<range.lowerBound]
            replacedSources += sources[done..<range.lowerBound]
            let source = range.upperBound > 0 ? sources[range.upperBound - 1] : origin..<origin
            replaced += content
            replacedSources += Array(repeating: source, count: content.count)
            done = range.upperBound
        }
        replaced += bytes[done...]
        replacedSources += sources[done...]
        bytes = replaced
        sources = replacedSources
    }

    /// Applies edits that walk over all scalars.
    mutating func apply(_ edits: [UnicodeNormalization.Edit]) {
        var lengths: [Int] = []
        forEachScalar(in: bytes[...]) { _, range in lengths.append(range.count) }
        var edited: [UInt8] = []
        var editedSources: [Range<Int>] = []
        var next = 0
        var offset = 0
        for edit in edits {
            let source: Range<Int>
            if edit.change > 0 {
                source = offset > 0 ? sources[offset - 1] : origin..<origin
            } else {
                source = offset < sources.count ? sources[offset] : sources.last ?? origin..<origin
                for _ in 0...(-edit.change) where next < lengths.count {
                    offset += lengths[next]
                    next += 1
                }
            }
            edited.append(contentsOf: UTF8.encodedBytes(of: edit.scalar))
            while editedSources.count < edited.count { editedSources.append(source) }
        }
        bytes = edited
        sources = editedSources
    }
}

extension UTF8 {
    /// The UTF-8 form of a scalar.
    static func encodedBytes(of scalar: Unicode.Scalar) -> UTF8.EncodedScalar {
        // Every Unicode scalar has one.
        encode(scalar) ?? encodedReplacementCharacter
    }
}

/// Calls `body` with every scalar of valid UTF-8 and the range of its bytes.
@inline(__always)
func forEachScalar(
    in bytes: ArraySlice<UInt8>, _ body: (Unicode.Scalar, Range<Int>) -> Void
) {
    var index = bytes.startIndex
    while index < bytes.endIndex {
        let (scalar, length) = decodeScalar(in: bytes, at: index)
        body(scalar, index..<index + length)
        index += length
    }
}

/// The scalar that starts at an index of valid UTF-8, and its length.
///
/// Bytes that are not valid come out one by one as U+FFFD.
@inline(__always)
func decodeScalar(in bytes: ArraySlice<UInt8>, at index: Int) -> (Unicode.Scalar, length: Int) {
    let lead = bytes[index]
    if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
    let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    guard lead >= 0xc0, index + length <= bytes.endIndex else { return ("\u{fffd}", 1) }
    var value = UInt32(lead) & (0x7f >> UInt32(length))
    for byte in bytes[index + 1..<index + length] { value = value << 6 | UInt32(byte & 0x3f) }
    return (Unicode.Scalar(value) ?? "\u{fffd}", length)
}
