/// One GGUF file, read and checked: the header's keys, and tensors whose bytes lie in the file.
///
/// Layout: "GGUF", version, tensor count, key count, keys with values, tensor descriptions,
/// padding, tensor data. Source: the GGUF specification in ggml's documentation, versions 2 and 3
/// (whose layouts are the same).
struct GGUFPart {
    let file: MappedFile
    private(set) var metadata = GGUFMetadata()
    private(set) var tensors: [GGUFTensor] = []

    /// What ggml allows.
    static let longestTensorName = 64
    static let mostDimensions = 4

    private var path: String { file.path }

    /// Reads a file.
    ///
    /// - Throws: ``GGUFError``, or ``FileError`` if the file cannot be read.
    init(_ path: String) throws {
        file = try MappedFile(path)
        defer { withExtendedLifetime(file) {} }
        var reader = unsafe ByteReader(file.bytes)
        var part = "the header"
        do {
            let counts = try readHead(in: &reader)
            for index in 0..<counts.keys {
                part = "metadata key \(index + 1) of \(counts.keys)"
                try readEntry(in: &reader, part: &part)
            }
            let alignment = try metadata.alignment(path: path)
            let descriptions = try readDescriptions(counts.tensors, in: &reader, part: &part)
            try place(descriptions, headerEnd: reader.offset, alignment: alignment)
        } catch let end as ByteReader.EndOfBytes {
            throw GGUFError.truncated(path: path, part: part, offset: end.offset)
        }
    }

    private func readHead(
        in reader: inout ByteReader
    ) throws -> (keys: Int, tensors: Int) {
        let magic: UInt32 = try reader.integer()
        guard magic == 0x4655_4747 else { throw GGUFError.notGGUF(path: path) }
        let version: UInt32 = try reader.integer()
        guard version == 2 || version == 3 else {
            let isSwapped = version != 0 && version.byteSwapped <= 0xffff
            throw isSwapped
                ? GGUFError.bigEndian(path: path)
                : GGUFError.unsupportedVersion(path: path, version: version)
        }
        let tensorCount: UInt64 = try reader.integer()
        let keyCount: UInt64 = try reader.integer()
        // The least a key takes: length, one character, type, one byte.
        let keys = try count(keyCount, of: "metadata keys", atLeast: 14, in: reader)
        // The least a tensor takes: length, one character, dimension count, type, offset.
        let tensors = try count(tensorCount, of: "tensors", atLeast: 25, in: reader)
        return (keys, tensors)
    }

    /// A count as an integer, if so many things fit into the rest of the file.
    private func count(
        _ count: UInt64, of things: String, atLeast size: Int, in reader: ByteReader
    ) throws(GGUFError) -> Int {
        guard count <= UInt64(reader.left / size) else {
            throw .impossibleCount(path: path, of: things, count: count, bytesLeft: reader.left)
        }
        return Int(count)
    }

    private mutating func readEntry(in reader: inout ByteReader, part: inout String) throws {
        let start = reader.offset
        let length: UInt64 = try reader.integer()
        guard (1...65535).contains(length) || length > UInt64(reader.left) else {
            throw GGUFError.badKey(path: path, length: Int(length), offset: start)
        }
        guard let key = try reader.text(count: length) else {
            throw GGUFError.notUTF8(path: path, part: part, offset: start)
        }
        part = "the value of \(key)"
        let number: UInt32 = try reader.integer()
        guard let kind = GGUFValue.Kind(rawValue: number) else {
            throw GGUFError.unknownValueType(path: path, key: key, type: number)
        }
        let value = try readValue(kind, of: key, in: &reader)
        guard metadata.append(key, value) else {
            throw GGUFError.duplicateKey(path: path, key: key)
        }
    }

    private func readValue(
        _ kind: GGUFValue.Kind, of key: String, in reader: inout ByteReader
    ) throws -> GGUFValue {
        let whole = GGUFArray.Storage.mapped(file, 0..<file.size)
        do throws(GGUFCoding.Defect) {
            return try GGUFCoding.value(kind, in: &reader, of: whole)
        } catch {
            switch error {
            case .end(let end): throw end
            case .notUTF8(let offset):
                throw GGUFError.notUTF8(path: path, part: "the value of \(key)", offset: offset)
            case .badBool(let value):
                throw GGUFError.badBool(path: path, key: key, value: value)
            case .unknownType(let type):
                throw GGUFError.unknownValueType(path: path, key: key, type: type)
            case .tooDeep:
                let limit = GGUFArray.maximumDepth
                throw GGUFError.nestedTooDeeply(path: path, key: key, limit: limit)
            }
        }
    }

    /// What the header says about a tensor.
    private struct Description {
        var name: String
        var dimensions: [Int]
        var type: GGMLType
        var byteCount: Int
        var offset: UInt64
    }

    private func readDescriptions(
        _ count: Int, in reader: inout ByteReader, part: inout String
    ) throws -> [Description] {
        var names: Set<ExactKey> = []
        var descriptions: [Description] = []
        for index in 0..<count {
            part = "the description of tensor \(index + 1) of \(count)"
            let start = reader.offset
            guard let name = try reader.text(count: try reader.integer()) else {
                throw GGUFError.notUTF8(path: path, part: "a tensor name", offset: start)
            }
            guard (1...Self.longestTensorName).contains(name.utf8.count) else {
                throw GGUFError.badTensorName(
                    path: path, name: name, limit: Self.longestTensorName)
            }
            part = "the description of tensor \(name)"
            descriptions.append(try readDescription(of: name, in: &reader))
            guard names.insert(ExactKey(name)).inserted else {
                throw GGUFError.duplicateTensor(path: path, tensor: name)
            }
        }
        return descriptions
    }

    private func readDescription(
        of name: String, in reader: inout ByteReader
    ) throws -> Description {
        let dimensionCount: UInt32 = try reader.integer()
        guard dimensionCount <= Self.mostDimensions else {
            throw GGUFError.tooManyDimensions(path: path, tensor: name, count: dimensionCount)
        }
        var stored: [UInt64] = []
        for _ in 0..<dimensionCount { stored.append(try reader.integer()) }
        let typeNumber: UInt32 = try reader.integer()
        let offset: UInt64 = try reader.integer()
        guard let type = GGMLType(rawValue: typeNumber) else {
            throw GGUFError.unknownTensorType(path: path, tensor: name, type: typeNumber)
        }
        let dimensions = stored.reversed().compactMap { Int(exactly: $0) }
        guard dimensions.count == stored.count, !dimensions.contains(0),
            dimensions.product() != nil
        else { throw GGUFError.badDimensions(path: path, tensor: name, dimensions: stored) }
        let row = dimensions.last ?? 1
        guard row.isMultiple(of: type.blockSize) else {
            throw GGUFError.partialBlock(path: path, tensor: name, row: row, type: type)
        }
        guard let byteCount = type.byteCount(dimensions: dimensions) else {
            throw GGUFError.badDimensions(path: path, tensor: name, dimensions: stored)
        }
        return Description(
            name: name, dimensions: dimensions, type: type, byteCount: byteCount, offset: offset)
    }

    /// Checks where the tensors' bytes lie.
    private mutating func place(
        _ descriptions: [Description], headerEnd: Int, alignment: Int
    ) throws(GGUFError) {
        let start = headerEnd.roundedUp(to: alignment)
        let available = max(file.size - start, 0)
        for one in descriptions {
            guard one.offset.isMultiple(of: UInt64(alignment)) else {
                throw .misaligned(
                    path: path, tensor: one.name, offset: one.offset, alignment: alignment)
            }
            guard one.byteCount <= available,
                one.offset <= UInt64(available - one.byteCount)
            else {
                throw .beyondEnd(
                    path: path, tensor: one.name, needed: one.byteCount, offset: one.offset,
                    available: available)
            }
            tensors.append(
                GGUFTensor(
                    name: one.name, dimensions: one.dimensions, type: one.type, file: file,
                    offset: start + Int(one.offset), byteCount: one.byteCount))
        }
        let sorted = tensors.sorted { $0.offset < $1.offset }
        for (left, right) in zip(sorted, sorted.dropFirst())
        where left.offset + left.byteCount > right.offset {
            throw .overlap(path: path, tensor: right.name, other: left.name)
        }
    }
}

extension Int {
    /// The next multiple of an alignment; the number itself if it is one.
    func roundedUp(to alignment: Int) -> Int { (self + alignment - 1) / alignment * alignment }
}
