/// The weights of a folder: one safetensors file, or several shards with an index.
///
/// A single `NAME.safetensors` goes before an index, as in transformers.
public struct SafetensorsFolder: Sendable {
    /// The paths of the file, or of all shards, in the order in which the index names them.
    public let paths: [String]
    /// The tensors in the order of the file or of the index; a tensor that the index does not name
    /// comes last.
    public let tensors: [SafetensorsTensor]
    /// The texts under `__metadata__` of the first file.
    public let metadata: [(key: String, value: String)]
    private let positions: [ExactKey: Int]

    /// Opens a folder's weights.
    ///
    /// - Parameters:
    ///   - folder: The folder; no file outside is opened (links in it are followed).
    ///   - name: The name of the files up to `.safetensors`.
    /// - Throws: ``SafetensorsFolderError``, ``SafetensorsError``, ``JSONFileError``,
    ///   ``FileError``.
    public init(_ folder: String, name: String = "model") throws {
        let single = "\(folder)/\(name).safetensors"
        let index = single + ".index.json"
        if Folder.exists(single) {
            let file = try SafetensorsFile(single)
            self.init(files: [file], tensors: file.tensors)
        } else if Folder.exists(index) {
            let map = try Self.shards(of: index)
            try self.init(folder: folder, index: index, shards: map)
        } else {
            throw SafetensorsFolderError.noWeights(folder: folder, name: name)
        }
    }

    private init(files: [SafetensorsFile], tensors: [SafetensorsTensor]) {
        paths = files.map(\.file.path)
        metadata = files.first?.metadata ?? []
        self.tensors = tensors
        positions = Dictionary(
            tensors.enumerated().map { (ExactKey($0.element.name), $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    private init(
        folder: String, index: String, shards: [(tensor: String, shard: String)]
    ) throws {
        var files: [SafetensorsFile] = []
        var positions: [ExactKey: Int] = [:]
        var tensors: [SafetensorsTensor] = []
        for (name, shard) in shards {
            let position: Int
            if let known = positions[ExactKey(shard)] {
                position = known
            } else {
                do {
                    files.append(try SafetensorsFile("\(folder)/\(shard)"))
                } catch FileError.missing {
                    throw SafetensorsFolderError.missingShard(index: index, shard: shard)
                }
                position = files.count - 1
                positions[ExactKey(shard)] = position
            }
            guard let tensor = files[position].tensor(named: name) else {
                throw SafetensorsFolderError.missingTensor(
                    index: index, tensor: name, shard: shard)
            }
            tensors.append(tensor)
        }
        var named = Set(tensors.lazy.map { ExactKey($0.name) })
        for file in files {
            tensors += file.tensors.filter { named.insert(ExactKey($0.name)).inserted }
        }
        self.init(files: files, tensors: tensors)
    }

    /// The tensor with a name.
    public func tensor(named name: String) -> SafetensorsTensor? {
        positions[ExactKey(name)].map { tensors[$0] }
    }

    private static func shards(
        of index: String
    ) throws -> [(tensor: String, shard: String)] {
        let value = try JSONValue(contentsOf: index)
        guard let map = value["weight_map"]?.object else {
            throw SafetensorsFolderError.badIndex(index: index)
        }
        return try map.members.map { tensor, value in
            guard let shard = value.string else {
                throw SafetensorsFolderError.badIndex(index: index)
            }
            let isPlain =
                !shard.isEmpty && shard != "." && shard != ".."
                && !shard.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
            guard isPlain else {
                throw SafetensorsFolderError.outside(index: index, shard: shard)
            }
            return (tensor, shard)
        }
    }
}

/// Why a folder's weights were refused.
public enum SafetensorsFolderError: Error, Equatable, CustomStringConvertible {
    /// The folder holds neither a safetensors file nor an index of shards.
    case noWeights(folder: String, name: String)
    /// The index has no `weight_map` that gives each tensor its shard.
    case badIndex(index: String)
    /// The index names a shard that is no plain file name.
    case outside(index: String, shard: String)
    /// A shard is not there.
    case missingShard(index: String, shard: String)
    /// A shard lacks a tensor that the index says it holds.
    case missingTensor(index: String, tensor: String, shard: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .noWeights(let folder, let name):
            "\(folder): holds no weights: neither \(name).safetensors nor "
                + "\(name).safetensors.index.json is there."
        case .badIndex(let index): "\(index): has no weight_map from tensor names to shards."
        case .outside(let index, let shard):
            "\(index): names the shard \(shard.printable); only files in its folder are opened."
        case .missingShard(let index, let shard):
            "\(index): names the shard \(shard.printable), which is missing; fetch it."
        case .missingTensor(let index, let tensor, let shard):
            "\(index): says that \(tensor.printable) is in \(shard.printable), which lacks it."
        }
    }
}
