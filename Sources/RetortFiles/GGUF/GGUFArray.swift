/// An array in a GGUF file's metadata: elements of one type.
///
/// Arrays that were read stay in the mapped file (a vocabulary has 10⁵ strings) and are decoded
/// when asked for; the reader has checked them already.
public struct GGUFArray: Sendable {
    /// The type of all elements.
    public let elementKind: GGUFValue.Kind
    /// How many elements there are.
    public let count: Int
    /// The elements as in the file.
    private let storage: Storage

    /// How deeply arrays may nest.
    static let maximumDepth = 8

    /// Creates an array.
    ///
    /// - Parameters:
    ///   - elements: The elements.
    ///   - kind: Their type; needed for an empty array.
    /// - Precondition: All elements have that type.
    public init(_ elements: [GGUFValue], of kind: GGUFValue.Kind) {
        precondition(elements.allSatisfy { $0.kind == kind }, "an array's elements have one type")
        self.init(elements.lazy.map(\.encoded), of: kind, count: elements.count)
    }

    /// Creates an array of strings.
    public init(_ strings: [String]) {
        self.init(
            strings.lazy.map { GGUFValue.string($0).encoded }, of: .string, count: strings.count)
    }

    /// Creates an array of signed 32-bit integers.
    public init(_ integers: [Int32]) {
        self.init(integers.lazy.map { littleEndianBytes($0) }, of: .int32, count: integers.count)
    }

    /// Creates an array of 32-bit floating-point numbers.
    public init(_ numbers: [Float]) {
        self.init(
            numbers.lazy.map { littleEndianBytes($0.bitPattern) }, of: .float32,
            count: numbers.count)
    }

    private init(_ elements: some Sequence<[UInt8]>, of kind: GGUFValue.Kind, count: Int) {
        self.init(of: kind, count: count, storage: .owned(Array(elements.joined())))
    }

    /// An array whose bytes ``GGUF/skip(_:in:depth:)`` has checked.
    init(of kind: GGUFValue.Kind, count: Int, storage: Storage) {
        elementKind = kind
        self.count = count
        self.storage = storage
    }

    /// The elements, decoded.
    public var values: [GGUFValue] { elements(where: { _ in true }) { $0 } ?? [] }

    /// The elements in another form.
    ///
    /// - Parameters:
    ///   - isRight: Whether elements of a type can have that form at all.
    ///   - transform: Gives nil for an element that cannot have it.
    /// - Returns: Nil if one cannot.
    func elements<Element>(
        where isRight: (GGUFValue.Kind) -> Bool, _ transform: (GGUFValue) -> Element?
    ) -> [Element]? {
        guard isRight(elementKind) else { return nil }
        return storage.withReader { reader in
            var result: [Element] = []
            result.reserveCapacity(count)
            for _ in 0..<count {
                guard
                    let value = try? GGUFCoding.value(elementKind, in: &reader, of: storage),
                    let element = transform(value)
                else { return nil }
                result.append(element)
            }
            return result
        }
    }

    /// The array as in the file.
    var encoded: [UInt8] {
        littleEndianBytes(elementKind.rawValue) + littleEndianBytes(UInt64(count)) + storage.bytes
    }
}

extension GGUFArray {
    /// Where the bytes of the elements lie.
    enum Storage: Sendable {
        case mapped(MappedFile, Range<Int>)
        case owned([UInt8])

        /// Reads the bytes.
        func withReader<Result>(_ body: (inout ByteReader) -> Result) -> Result {
            switch self {
            case .mapped(let file, let range):
                defer { withExtendedLifetime(file) {} }
                var reader = unsafe ByteReader(.init(rebasing: file.bytes[range]))
                return body(&reader)
            case .owned(let bytes):
                return unsafe bytes.withUnsafeBytes { bytes in
                    var reader = unsafe ByteReader(bytes)
                    return body(&reader)
                }
            }
        }

        /// A part; offsets count from the start of this one.
        subscript(range: Range<Int>) -> Storage {
            switch self {
            case .mapped(let file, let whole):
                .mapped(
                    file, whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
            case .owned(let bytes): .owned(Array(bytes[range]))
            }
        }

        var bytes: [UInt8] {
            switch self {
            case .mapped(let file, let range): unsafe Array(file.bytes[range])
            case .owned(let bytes): bytes
            }
        }
    }
}
