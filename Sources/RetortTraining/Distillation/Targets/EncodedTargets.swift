import RetortFiles
import RetortKernels

/// Targets of some rows as they are stored, and as bytes of a journal's record.
struct EncodedTargets: Equatable {
    /// `[rows, width]`; only one of the two has elements.
    var smallIDs: [UInt16] = []
    var largeIDs: [UInt32] = []
    /// `[rows, width]`; only of top-k.
    var logProbabilities: [Float16] = []
    /// The tail's mass, `[rows]`, or the weights, `[rows, width]`.
    var values: [Float] = []

    /// Rounds the most probable tokens of some rows; nil if a number is not finite.
    init?(_ targets: TopTargets, hasSmallIDs: Bool) {
        guard targets.tailMass.allSatisfy(\.isFinite) else { return nil }
        set(targets.ids, hasSmallIDs)
        // What is less than the least number of 16 bits is a probability of zero all the same.
        let least = -Float(Float16.greatestFiniteMagnitude)
        logProbabilities = targets.logProbabilities.map { Float16(max($0, least)) }
        values = targets.tailMass
    }

    /// Takes the draws of some rows; nil if a number is not finite.
    init?(_ targets: DrawnTargets, hasSmallIDs: Bool) {
        guard targets.weights.allSatisfy(\.isFinite) else { return nil }
        set(targets.ids, hasSmallIDs)
        values = targets.weights
    }

    private mutating func set(_ ids: [Int32], _ hasSmallIDs: Bool) {
        if hasSmallIDs {
            smallIDs = ids.map { UInt16(truncatingIfNeeded: $0) }
        } else {
            largeIDs = ids.map { UInt32(truncatingIfNeeded: $0) }
        }
    }

    /// No rows yet.
    init() {}

    /// Adds rows after these.
    mutating func append(_ other: EncodedTargets) {
        smallIDs += other.smallIDs
        largeIDs += other.largeIDs
        logProbabilities += other.logProbabilities
        values += other.values
    }

    // MARK: Bytes

    /// The bytes of so many rows.
    static func byteCount(rows: Int, _ description: SoftTargetDescription) -> Int {
        let width = description.mode.width, idBytes = description.hasSmallIDs ? 2 : 4
        return switch description.mode {
        case .topK: rows * (width * (idBytes + 2) + 4)
        case .samples: rows * width * (idBytes + 4)
        }
    }

    /// The rows' bytes: ids, logs of probabilities, values, each lowest byte first.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        unsafe bytes.append(contentsOf: smallIDs.span.bytes)
        unsafe bytes.append(contentsOf: largeIDs.span.bytes)
        unsafe bytes.append(contentsOf: logProbabilities.span.bytes)
        unsafe bytes.append(contentsOf: values.span.bytes)
        return bytes
    }

    /// Reads the bytes of some rows.
    ///
    /// - Parameters:
    ///   - bytes: As many as ``byteCount(rows:_:)`` says.
    ///   - rows: Their number.
    ///   - description: The mode and the vocabulary.
    init(_ bytes: RawSpan, rows: Int, _ description: SoftTargetDescription) {
        precondition(bytes.byteCount == Self.byteCount(rows: rows, description))
        let count = rows * description.mode.width
        var offset = 0
        func numbers<Element: BitwiseCopyable>(_ count: Int, _: Element.Type) -> [Element] {
            let size = MemoryLayout<Element>.size
            defer { offset += count * size }
            return (0..<count).map { index in
                unsafe bytes.unsafeLoadUnaligned(
                    fromByteOffset: offset + index * size, as: Element.self)
            }
        }
        if description.hasSmallIDs {
            smallIDs = numbers(count, UInt16.self)
        } else {
            largeIDs = numbers(count, UInt32.self)
        }
        switch description.mode {
        case .topK:
            logProbabilities = numbers(count, Float16.self)
            values = numbers(rows, Float.self)
        case .samples: values = numbers(count, Float.self)
        }
    }
}
