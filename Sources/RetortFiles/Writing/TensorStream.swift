/// Writes a header and then tensors at the places it gave them, in order, from pieces.
///
/// The two tensor formats share this: bytes between tensors are filled with zeros, and a tensor
/// that gets too few or too many bytes ends the writing.
struct TensorStream<Sink: ByteSink & ~Copyable>: ~Copyable {
    /// A tensor's place among the data.
    struct Place {
        var name: String
        var offset: Int
        var byteCount: Int
    }

    private var sink: Sink
    private let places: [Place]
    /// Which tensor is being written.
    private var current = 0
    /// Where the next byte goes, counted from the start of the data.
    private var position = 0
    /// Where the data end, padding included.
    private let end: Int

    /// Writes the header.
    init(_ sink: consuming Sink, header: [UInt8], places: [Place], end: Int) throws {
        self.sink = sink
        self.places = places
        self.end = end
        try self.sink.write(header)
    }

    /// Writes the next bytes of a tensor.
    mutating func append(_ bytes: RawSpan, to name: String) throws {
        if current < places.count, isFull, !isCurrent(name) { current += 1 }
        // Tensors without bytes need not be mentioned.
        while current < places.count, places[current].byteCount == 0, !isCurrent(name) {
            current += 1
        }
        guard current < places.count, isCurrent(name) else {
            let expected = current < places.count ? places[current].name : nil
            throw TensorOrderError.unexpected(tensor: name, expected: expected)
        }
        let place = places[current]
        if position < place.offset { try fill(to: place.offset) }
        guard bytes.byteCount <= place.offset + place.byteCount - position else {
            throw TensorOrderError.tooLong(tensor: name, byteCount: place.byteCount)
        }
        try sink.write(bytes)
        position += bytes.byteCount
    }

    /// Fills up the end and finishes the file.
    consuming func finish() throws -> WrittenFile {
        let last = places.last { $0.byteCount > 0 }
        let expected = last.map { $0.offset + $0.byteCount } ?? 0
        guard position == expected else {
            let missing = places.first { $0.offset + $0.byteCount > position }
            throw TensorOrderError.unfinished(tensor: missing?.name ?? "")
        }
        try fill(to: end)
        return try sink.finish()
    }

    private var isFull: Bool {
        position >= places[current].offset + places[current].byteCount
    }

    private func isCurrent(_ name: String) -> Bool {
        places[current].name.utf8.elementsEqual(name.utf8)
    }

    private mutating func fill(to offset: Int) throws {
        try sink.write([UInt8](repeating: 0, count: offset - position))
        position = offset
    }
}

/// A tensor was not written as it was declared.
public enum TensorOrderError: Error, Equatable, CustomStringConvertible {
    /// Another tensor is next; nil if none is.
    case unexpected(tensor: String, expected: String?)
    /// A tensor got more bytes than declared.
    case tooLong(tensor: String, byteCount: Int)
    /// A tensor got fewer bytes than declared, or none.
    case unfinished(tensor: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .unexpected(let tensor, let expected):
            "\(tensor) is written where \(expected ?? "the end of the file") was declared."
        case .tooLong(let tensor, let byteCount):
            "\(tensor) gets more than the \(byteCount) bytes that were declared."
        case .unfinished(let tensor): "\(tensor) did not get all the bytes that were declared."
        }
    }
}
