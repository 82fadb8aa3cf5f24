/// A tensor in a safetensors file: what it is called, its shape, and where its bytes lie.
public struct SafetensorsTensor: Sendable {
    /// The name, for example `model.embed_tokens.weight`.
    public let name: String
    /// How the values are stored.
    public let type: SafetensorsType
    /// The dimensions, outermost first.
    public let shape: [Int]
    /// The file (of a sharded model: the shard) that holds the bytes.
    public let file: MappedFile
    /// Where the bytes begin in that file; any number, no alignment is promised.
    public let offset: Int
    /// How many bytes there are; 0 if a dimension is.
    public let byteCount: Int

    /// Gives the bytes to a closure, which must not keep them.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withBytes(offset..<offset + byteCount, body)
    }
}

/// A safetensors file that stays mapped.
///
/// Layout: header length (8 bytes, lowest first), JSON header, tensor data without gaps.
/// Source: the format's published description. Opening reads the header and checks all of it.
public struct SafetensorsFile: Sendable {
    /// The file.
    public let file: MappedFile
    /// The texts under `__metadata__`, in order.
    public let metadata: [(key: String, value: String)]
    /// The tensors in the order of the header.
    public let tensors: [SafetensorsTensor]
    private let positions: [ExactKey: Int]

    /// The longest header that is accepted, as in the reference implementation.
    public static let longestHeader = 100_000_000
    /// The header's key for texts about the file.
    static let metadataKey = "__metadata__"

    /// Opens a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: ``SafetensorsError``, or ``FileError`` if the file cannot be read.
    public init(_ path: String) throws {
        try self.init(MappedFile(path))
    }

    /// Reads the header of a file, or of what was decompressed from one.
    ///
    /// - Parameter file: The bytes.
    /// - Throws: ``SafetensorsError``.
    public init(_ file: MappedFile) throws(SafetensorsError) {
        let (header, dataStart) = try Self.header(of: file)
        var metadata: [(key: String, value: String)] = []
        var tensors: [SafetensorsTensor] = []
        for (name, value) in header.members {
            if name == Self.metadataKey {
                metadata = try Self.metadata(value, path: file.path)
            } else {
                tensors.append(
                    try Self.tensor(name, value, in: file, dataStart: dataStart))
            }
        }
        try Self.checkSpans(tensors, dataStart: dataStart, file: file)
        self.file = file
        self.metadata = metadata
        self.tensors = tensors
        positions = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map {
                (ExactKey($0.element.name), $0.offset)
            })
    }

    /// The tensor with a name.
    public func tensor(named name: String) -> SafetensorsTensor? {
        positions[ExactKey(name)].map { tensors[$0] }
    }

    private static func header(
        of file: MappedFile
    ) throws(SafetensorsError) -> (JSONObject, dataStart: Int) {
        let path = file.path
        guard file.size >= 8 else {
            throw .truncatedHeader(path: path, needed: 8, found: file.size)
        }
        let length = file.withBytes(0..<8) { bytes in
            unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(as: UInt64.self))
        }
        guard (2...UInt64(longestHeader)).contains(length) else {
            throw .badHeaderLength(path: path, length: length)
        }
        guard length <= UInt64(file.size - 8) else {
            throw .truncatedHeader(path: path, needed: length, found: file.size - 8)
        }
        let end = 8 + Int(length)
        let text = file.withBytes(8..<end) { bytes in
            var text: [UInt8] = []
            text.append(contentsOf: bytes)
            return text
        }
        guard text.first == UInt8(ascii: "{") else { throw .headerIsNoObject(path: path) }
        do throws(JSONError) {
            // Tensor, field, shape.
            let header = try JSONParser.parse(text, maximumDepth: 4)
            return (header.object ?? JSONObject(), end)
        } catch {
            throw .badHeader(path: path, error: error)
        }
    }

    private static func metadata(
        _ value: JSONValue, path: String
    ) throws(SafetensorsError) -> [(key: String, value: String)] {
        guard let object = value.object else { throw .badMetadata(path: path, key: nil) }
        var result: [(key: String, value: String)] = []
        for (key, value) in object.members {
            guard let text = value.string else { throw .badMetadata(path: path, key: key) }
            result.append((key, text))
        }
        return result
    }

    private static func tensor(
        _ name: String, _ value: JSONValue, in file: MappedFile, dataStart: Int
    ) throws(SafetensorsError) -> SafetensorsTensor {
        let path = file.path
        func bad(_ field: String) -> SafetensorsError {
            .badField(path: path, tensor: name, field: field)
        }
        guard let fields = value.object else { throw bad("description") }
        guard let typeName = fields["dtype"]?.string else { throw bad("dtype") }
        guard let type = SafetensorsType(rawValue: typeName) else {
            throw .unknownType(path: path, tensor: name, type: typeName)
        }
        guard let shape = fields["shape"]?.counts else { throw bad("shape") }
        guard let span = fields["data_offsets"]?.counts, span.count == 2, span[0] <= span[1] else {
            throw bad("data_offsets")
        }
        let needed = type.byteCount(shape: shape)
        let found = span[1] - span[0]
        guard needed == found else {
            throw .wrongSpan(path: path, tensor: name, shape: shape, needed: needed, found: found)
        }
        let available = file.size - dataStart
        guard span[1] <= available else {
            throw .beyondEnd(path: path, tensor: name, end: span[1], available: available)
        }
        return SafetensorsTensor(
            name: name, type: type, shape: shape, file: file, offset: dataStart + span[0],
            byteCount: found)
    }

    /// Checks that the tensors fill the data exactly.
    private static func checkSpans(
        _ tensors: [SafetensorsTensor], dataStart: Int, file: MappedFile
    ) throws(SafetensorsError) {
        var position = dataStart
        var before = ""
        for tensor in tensors.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) })
        {
            if tensor.offset < position {
                throw .overlap(path: file.path, tensor: tensor.name, other: before)
            }
            if tensor.offset > position {
                throw .hole(
                    path: file.path, tensor: tensor.name, byteCount: tensor.offset - position)
            }
            position += tensor.byteCount
            before = tensor.name
        }
        if position < file.size {
            throw .trailing(path: file.path, byteCount: file.size - position)
        }
    }
}

extension JSONValue {
    /// The elements, if this is an array of whole numbers from 0.
    fileprivate var counts: [Int]? {
        guard let array else { return nil }
        let counts = array.compactMap(\.integer).filter { $0 >= 0 }
        return counts.count == array.count ? counts : nil
    }
}
