import RetortFiles
import RetortModels

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
        /// The run's result is an adapter, and a whole model is needed.
        case holdsAdapter(path: String)

        /// One sentence.
        public var description: String {
            switch self {
            case .unfinished(let path):
                "\(path): the run has no result yet; finish it with retort train --resume."
            case .holdsAdapter(let path):
                "\(path): the run's result is an adapter; write a whole model with retort merge "
                    + "first, or begin with the adapter by adapter.init."
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
            let base = Self.bases(in: path).first(where: Folder.exists)
            // What an adapter was trained for is no run with an adapter itself.
            model = try base ?? Self.modelPath(Recipe(path: recipe).model.path)
            adapter = path + "/adapter"
        } else {
            throw Problem.unfinished(path: path)
        }
    }

    /// The model folder of a run whose result is a model; any other path as it is.
    private static func modelPath(_ path: String) -> String {
        let isRun = Folder.exists(path + "/recipe.yaml") && !Folder.exists(path + "/config.json")
        return isRun ? path + "/model" : path
    }

    /// The model that is trained where a recipe names a path.
    ///
    /// - Parameter path: A model, or the folder of a run that wrote one.
    /// - Returns: The model's path.
    /// - Throws: ``Problem``, ``RecipeError``.
    static func trainedModel(_ path: String) throws -> String {
        guard let run = try RunResult(path) else { return path }
        guard run.adapter == nil else { throw Problem.holdsAdapter(path: path) }
        return run.model
    }

    /// Where a run keeps the student that its adapter was trained for.
    private static func bases(in folder: String) -> [String] {
        [folder + "/base", folder + "/base.gguf"]
    }

    /// Writes the model that an adapter belongs to beside it, where no file holds that model: a
    /// student that keeps some of the layers.
    ///
    /// - Parameters:
    ///   - model: The model that was trained.
    ///   - folder: The run's folder.
    /// - Returns: The base's path: of what was written, or of the model itself.
    /// - Throws: ``ExportError``, and the errors of the formats and of files.
    static func writeBase(of model: Model, in folder: String) throws -> String {
        guard model.plan != nil else { return model.path }
        let (path, format): (String, ExportFormat) =
            switch model.files {
            case .huggingFace: (bases(in: folder)[0], .huggingFace)
            case .gguf: (bases(in: folder)[1], .gguf)
            }
        _ = try model.reopened().export(to: path, format: format, type: .base, replacing: true)
        return path
    }
}
