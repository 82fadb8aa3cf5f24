/// A GGUF model file, of version 2 or 3, that stays mapped; or all parts of a split one.
///
/// Opening reads the header and checks everything in it, and no tensor data.
public struct GGUFFile: Sendable {
    /// The paths of the file, or of all parts in order.
    public let paths: [String]
    /// The keys and values; of a split model the first part's.
    public let metadata: GGUFMetadata
    /// The tensors in the order of the file, or of the parts.
    public let tensors: [GGUFTensor]
    private let positions: [ExactKey: Int]

    /// The alignment of tensor data if `general.alignment` is not there.
    public static let defaultAlignment = 32
    /// The largest alignment that is read or written.
    public static let largestAlignment = 1 << 20

    /// Opens a file; if it is one part of a split model, all of them.
    ///
    /// Parts lie in one folder and are called `NAME-00001-of-00003.gguf`; any of them may be named.
    ///
    /// - Parameter path: The path of a GGUF file.
    /// - Throws: ``GGUFError``, or ``FileError`` if the file cannot be read.
    public init(_ path: String) throws {
        let parts = try Self.gather(path)
        paths = parts.map(\.file.path)
        metadata = parts.first?.metadata ?? GGUFMetadata()
        tensors = parts.flatMap(\.tensors)
        var positions: [ExactKey: Int] = [:]
        for (index, tensor) in tensors.enumerated() {
            guard positions.updateValue(index, forKey: ExactKey(tensor.name)) == nil else {
                throw GGUFError.duplicateTensor(path: tensor.file.path, tensor: tensor.name)
            }
        }
        self.positions = positions
    }

    /// The path of the file, or of the first part.
    public var path: String { paths.first ?? "" }

    /// The value of a metadata key.
    public subscript(key: String) -> GGUFValue? { metadata[key] }

    /// The tensor with a name.
    public func tensor(named name: String) -> GGUFTensor? {
        positions[ExactKey(name)].map { tensors[$0] }
    }
}
