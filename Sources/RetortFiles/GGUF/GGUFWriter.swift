/// What a GGUF file is to hold under one name.
public struct GGUFEntry: Sendable, Equatable {
    /// The tensor's name, of at most 64 bytes.
    public var name: String
    /// Its dimensions, outermost first; at most four.
    public var dimensions: [Int]
    /// How its values are stored.
    public var type: GGMLType

    /// Declares a tensor.
    public init(_ name: String, _ type: GGMLType, dimensions: [Int]) {
        self.name = name
        self.type = type
        self.dimensions = dimensions
    }
}

/// Writes a GGUF file of version 3 piece by piece: first what it will hold, then each tensor's
/// bytes.
///
/// The same calls give the same bytes. Nothing appears at the path before ``finish()``.
public struct GGUFWriter: ~Copyable {
    private var stream: TensorStream<AtomicFile>

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: Where it will appear.
    ///   - metadata: The keys; `general.alignment` among them is obeyed.
    ///   - entries: All tensors, in the order in which their bytes will come.
    /// - Throws: ``GGUFError``, ``FileError``.
    public init(_ path: String, metadata: GGUFMetadata, _ entries: [GGUFEntry]) throws {
        let alignment = try metadata.alignment(path: path)
        var header = Array("GGUF".utf8) + littleEndianBytes(UInt32(3))
        header += littleEndianBytes(UInt64(entries.count))
        header += littleEndianBytes(UInt64(metadata.entries.count))
        for (key, value) in metadata.entries {
            guard (1...65535).contains(key.utf8.count) else {
                throw GGUFError.badKey(path: path, length: key.utf8.count, offset: header.count)
            }
            header += GGUFValue.string(key).encoded
            header += littleEndianBytes(value.kind.rawValue) + value.encoded
        }
        var places: [TensorStream<AtomicFile>.Place] = []
        var names: Set<ExactKey> = []
        var end = 0
        for entry in entries {
            let size = try entry.checkedByteCount(path: path, below: (1 << 60) - end)
            guard names.insert(ExactKey(entry.name)).inserted else {
                throw GGUFError.duplicateTensor(path: path, tensor: entry.name)
            }
            places.append(.init(name: entry.name, offset: end, byteCount: size))
            header += entry.description(offset: end)
            end = (end + size).roundedUp(to: alignment)
        }
        let padding = header.count.roundedUp(to: alignment) - header.count
        header.append(contentsOf: repeatElement(0, count: padding))
        stream = try TensorStream(
            try AtomicFile(path), header: header, places: places, end: end)
    }

    /// Writes the next bytes of a tensor; tensors come in the declared order.
    ///
    /// - Parameters:
    ///   - bytes: Any number of them.
    ///   - name: Whose bytes they are.
    /// - Throws: ``TensorOrderError``, ``FileError``.
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
    /// - Throws: ``TensorOrderError`` if bytes are missing, ``FileError``.
    public consuming func finish() throws -> WrittenFile { try stream.finish() }
}

extension GGUFEntry {
    /// The bytes of the tensor, if the format can hold it.
    fileprivate func checkedByteCount(path: String, below limit: Int) throws(GGUFError) -> Int {
        guard (1...GGUFPart.longestTensorName).contains(name.utf8.count) else {
            throw .badTensorName(path: path, name: name, limit: GGUFPart.longestTensorName)
        }
        guard dimensions.count <= GGUFPart.mostDimensions else {
            throw .tooManyDimensions(path: path, tensor: name, count: UInt32(dimensions.count))
        }
        let row = dimensions.last ?? 1
        guard row.isMultiple(of: type.blockSize) else {
            throw .partialBlock(path: path, tensor: name, row: row, type: type)
        }
        guard dimensions.allSatisfy({ $0 > 0 }),
            let size = type.byteCount(dimensions: dimensions), size < limit
        else {
            let shown = dimensions.map { UInt64(bitPattern: Int64($0)) }
            throw .badDimensions(path: path, tensor: name, dimensions: shown)
        }
        return size
    }

    /// The entry in the header; dimensions stand innermost first there.
    fileprivate func description(offset: Int) -> [UInt8] {
        GGUFValue.string(name).encoded + littleEndianBytes(UInt32(dimensions.count))
            + dimensions.reversed().flatMap { littleEndianBytes(UInt64($0)) }
            + littleEndianBytes(type.rawValue) + littleEndianBytes(UInt64(offset))
    }
}
