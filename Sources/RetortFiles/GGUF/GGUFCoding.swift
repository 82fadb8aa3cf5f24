/// Reads and passes over the values of GGUF metadata.
enum GGUFCoding {
    /// What is wrong with a value.
    enum Defect: Error {
        case end(ByteReader.EndOfBytes)
        case notUTF8(offset: Int)
        case badBool(UInt8)
        case unknownType(UInt32)
        case tooDeep
    }

    /// Reads a value; arrays are passed over and stay where they lie.
    ///
    /// - Parameters:
    ///   - kind: The value's type.
    ///   - reader: Stands at the value.
    ///   - source: The bytes that the reader reads, for arrays.
    /// - Returns: The value.
    /// - Throws: ``Defect``.
    static func value(
        _ kind: GGUFValue.Kind, in reader: inout ByteReader, of source: GGUFArray.Storage
    ) throws(Defect) -> GGUFValue {
        do {
            switch kind {
            case .uint8: return .uint8(try reader.integer())
            case .int8: return .int8(try reader.integer())
            case .uint16: return .uint16(try reader.integer())
            case .int16: return .int16(try reader.integer())
            case .uint32: return .uint32(try reader.integer())
            case .int32: return .int32(try reader.integer())
            case .float32: return .float32(try reader.float())
            case .uint64: return .uint64(try reader.integer())
            case .int64: return .int64(try reader.integer())
            case .float64: return .float64(try reader.double())
            case .bool: return .bool(try bool(in: &reader))
            case .string: return .string(try string(in: &reader))
            case .array:
                let (elementKind, count) = try arrayHead(in: &reader)
                let start = reader.offset
                try skipElements(elementKind, count: count, in: &reader, depth: 1)
                let bytes = source[start..<reader.offset]
                return .array(GGUFArray(of: elementKind, count: count, storage: bytes))
            }
        } catch let defect as Defect {
            throw defect
        } catch let end as ByteReader.EndOfBytes {
            throw .end(end)
        } catch {
            throw .tooDeep  // Nothing else is thrown above.
        }
    }

    private static func bool(in reader: inout ByteReader) throws -> Bool {
        let value: UInt8 = try reader.integer()
        guard value <= 1 else { throw Defect.badBool(value) }
        return value == 1
    }

    /// Reads a length and as many bytes of text.
    static func string(in reader: inout ByteReader) throws -> String {
        let start = reader.offset
        guard let text = try reader.text(count: try reader.integer()) else {
            throw Defect.notUTF8(offset: start)
        }
        return text
    }

    private static func arrayHead(
        in reader: inout ByteReader
    ) throws -> (kind: GGUFValue.Kind, count: Int) {
        let number: UInt32 = try reader.integer()
        guard let kind = GGUFValue.Kind(rawValue: number) else { throw Defect.unknownType(number) }
        let count: UInt64 = try reader.integer()
        guard count <= UInt64(reader.left / kind.leastSize) else {
            throw ByteReader.EndOfBytes(offset: reader.offset, needed: nil, left: reader.left)
        }
        return (kind, Int(count))
    }

    private static func skipElements(
        _ kind: GGUFValue.Kind, count: Int, in reader: inout ByteReader, depth: Int
    ) throws {
        guard depth <= GGUFArray.maximumDepth else { throw Defect.tooDeep }
        switch kind {
        case .string:
            for _ in 0..<count {
                let start = reader.offset
                guard try reader.skipText(count: try reader.integer()) else {
                    throw Defect.notUTF8(offset: start)
                }
            }
        case .bool:
            for _ in 0..<count { _ = try bool(in: &reader) }
        case .array:
            for _ in 0..<count {
                let (kind, count) = try arrayHead(in: &reader)
                try skipElements(kind, count: count, in: &reader, depth: depth + 1)
            }
        default:
            try reader.advance(by: count * kind.leastSize)
        }
    }
}
