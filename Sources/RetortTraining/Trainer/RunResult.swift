import RetortFiles

/// What a run folder stands for where a model is asked for: its base with its adapter, or its model.
public struct RunResult: Sendable, Equatable {
    /// The model to open.
    public let model: String
    /// The adapter to put beside it.
    public let adapter: String?

    /// Why a run has no result.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        /// The run did not end yet.
        case unfinished(path: String)

        /// One sentence.
        public var description: String {
            switch self {
            case .unfinished(let path):
                "\(path): the run has no result yet; finish it with retort train --resume."
            }
        }
    }

    /// Looks at a folder; nil if it is not a run folder.
    ///
    /// - Parameter path: Any path.
    /// - Throws: ``Problem`` for a run without a result, ``RecipeError`` for a damaged recipe.
    public init?(_ path: String) throws {
        let recipe = path + "/recipe.yaml"
        guard Folder.exists(recipe), !Folder.exists(path + "/config.json") else { return nil }
        if Folder.exists(path + "/model") {
            (model, adapter) = (path + "/model", nil)
        } else if Folder.exists(path + "/adapter") {
            (model, adapter) = (try Recipe(path: recipe).model.path, path + "/adapter")
        } else {
            throw Problem.unfinished(path: path)
        }
    }
}
