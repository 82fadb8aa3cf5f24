/// Why an adapter cannot be used.
public enum AdapterError: Error, Equatable, CustomStringConvertible {
    /// A key of the configuration is not there.
    case missingKey(path: String, key: String)
    /// A key has a value that cannot be used.
    case badKey(path: String, key: String, reason: String)
    /// The weights lack a tensor.
    case missingTensor(path: String, tensor: String)
    /// A tensor has a shape that fits neither the configuration nor the base.
    case wrongShape(path: String, tensor: String, found: [Int], expected: [Int])
    /// A tensor belongs to no module of the base that is a target.
    case unknownTensor(path: String, tensor: String)
    /// No module of the base has a name that is a target.
    case unknownTarget(path: String, target: String)
    /// The settings name a target for which there are no weights.
    case unadaptedTarget(path: String, target: String)
    /// There are no weights at all.
    case noModules(path: String)
    /// A tensor is stored in a way that cannot be read.
    case unsupportedType(path: String, tensor: String, type: String)
    /// A value is NaN or infinite.
    case notFinite(path: String, tensor: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .missingKey(let path, let key): "\(path): \(key) is missing."
        case .badKey(let path, let key, let reason): "\(path): \(key) \(reason)."
        case .missingTensor(let path, let tensor):
            "\(path): \(tensor) is missing; the adapter is incomplete."
        case .wrongShape(let path, let tensor, let found, let expected):
            "\(path): \(tensor) has shape \(found), expected \(expected) from its rank and the base."
        case .unknownTensor(let path, let tensor):
            "\(path): \(tensor) belongs to no adapted module of the base; is it for another model?"
        case .unknownTarget(let path, let target):
            "\(path): no module of the base is called \(target)."
        case .unadaptedTarget(let path, let target):
            "\(path): holds no weights for the target \(target); the adapter is incomplete."
        case .noModules(let path): "\(path): holds no adapted module."
        case .unsupportedType(let path, let tensor, let type):
            "\(path): \(tensor) is stored as \(type), which Retort does not read."
        case .notFinite(let path, let tensor):
            "\(path): \(tensor) holds a value that is NaN or infinite."
        }
    }
}
