/// What a safetensors file is to hold under one name.
public struct SafetensorsEntry: Sendable, Equatable {
    /// The tensor's name.
    public var name: String
    /// How its values are stored.
    public var type: SafetensorsType
    /// Its dimensions, outermost first.
    public var shape: [Int]

    /// Declares a tensor.
    public init(_ name: String, _ type: SafetensorsType, shape: [Int]) {
        self.name = name
        self.type = type
        self.shape = shape
    }
}

/// Writes a safetensors file piece by piece: first what it will hold, then each tensor's bytes.
///
/// The same calls give the same bytes: metadata and tensors stand in the order given. Nothing
/// appears at the path before ``finish()``.
public struct SafetensorsWriter<Sink: ByteSink & ~Copyable>: ~Copyable {
    private var stream: TensorStream<Sink>

    /// Begins a file in a sink; see the other initializers.
    ///
    /// - Parameters:
    ///   - entries: All tensors, in the order in which their bytes will come.
    ///   - metadata: Texts for `__metadata__`; nothing is written if there are none.
    ///   - sink: Given the size of the whole content, where it goes.
    /// - Throws: ``SafetensorsWriteError``, or what the sink throws.
    public init(
        _ entries: [SafetensorsEntry], metadata: [(key: String, value: String)] = [],
        into sink: (_ contentSize: Int) throws -> Sink
    ) throws {
        var header = JSONObject()
        if !metadata.isEmpty {
            header[SafetensorsFile.metadataKey] = .object(
                JSONObject(metadata.map { ($0.key, .string($0.value)) }))
        }
        var places: [TensorStream<Sink>.Place] = []
        var end = 0
        for entry in entries {
            guard header[entry.name] == nil, entry.name != SafetensorsFile.metadataKey else {
                throw SafetensorsWriteError.badName(tensor: entry.name)
            }
            guard let size = entry.type.byteCount(shape: entry.shape), size >= 0,
                !entry.shape.contains(where: { $0 < 0 }), size <= Int.max / 2 - end
            else {
                throw SafetensorsWriteError.badShape(tensor: entry.name, shape: entry.shape)
            }
            places.append(.init(name: entry.name, offset: end, byteCount: size))
            header[entry.name] = entry.description(from: end, to: end + size)
            end += size
        }
        var text = JSONValue.object(header).serializedBytes()
        // The data begin at a multiple of 8.
        let padding = text.count.roundedUp(to: 8) - text.count
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        text = littleEndianBytes(UInt64(text.count)) + text
        stream = try TensorStream(
            try sink(text.count + end), header: text, places: places, end: end)
    }

    /// Writes the next bytes of a tensor; tensors come in the declared order.
    ///
    /// - Parameters:
    ///   - bytes: Any number of them.
    ///   - name: Whose bytes they are.
    /// - Throws: ``TensorOrderError``, or what the sink throws.
    public mutating func append(_ bytes: RawSpan, to name: String) throws {
        try stream.append(bytes, to: name)
    }

    /// Writes the next bytes of a tensor; tensors come in the declared order.
    public mutating func append(_ bytes: [UInt8], to name: String) throws {
        unsafe try append(bytes.span.bytes, to: name)
    }

    /// Puts the file in place.
    ///
    /// - Returns: What was written.
    /// - Throws: ``TensorOrderError`` if bytes are missing, or what the sink throws.
    public consuming func finish() throws -> WrittenFile { try stream.finish() }
}

extension SafetensorsWriter where Sink == AtomicFile {
    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: Where it will appear.
    ///   - entries: All tensors, in the order in which their bytes will come.
    ///   - metadata: Texts for `__metadata__`.
    /// - Throws: ``SafetensorsWriteError``, ``FileError``.
    public init(
        _ path: String, _ entries: [SafetensorsEntry],
        metadata: [(key: String, value: String)] = []
    ) throws {
        try self.init(entries, metadata: metadata) { _ in try AtomicFile(path) }
    }
}

extension SafetensorsEntry {
    fileprivate func description(from start: Int, to end: Int) -> JSONValue {
        .object(
            JSONObject([
                ("dtype", .string(type.rawValue)), ("shape", .array(shape.map(JSONValue.integer))),
                ("data_offsets", .array([.integer(start), .integer(end)])),
            ]))
    }
}

/// Why tensors cannot be written to a safetensors file.
public enum SafetensorsWriteError: Error, Equatable, CustomStringConvertible {
    /// Two tensors have the name, or the format keeps it for itself.
    case badName(tensor: String)
    /// A dimension is negative, or the size cannot be counted.
    case badShape(tensor: String, shape: [Int])

    /// One sentence.
    public var description: String {
        switch self {
        case .badName(let tensor):
            "The tensor name \(tensor.printable) stands twice or is reserved."
        case .badShape(let tensor, let shape):
            "\(tensor.printable) has the impossible shape \(shape)."
        }
    }
}
