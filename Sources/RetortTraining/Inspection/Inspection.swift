import RetortFiles

/// A kind of thing that `retort inspect` knows: a recipe, a model, a run.
protocol InspectedKind: SendableMetatype {
    /// Whether it is checked against another model when one is named.
    static var takesBase: Bool { get }

    /// Whether a path is of this kind, by its name, or by how its content begins.
    static func recognizes(_ target: InspectionTarget) -> Bool

    /// Reads it.
    ///
    /// - Returns: What is in it.
    /// - Throws: Why it is not what it seems to be, or, when verifying, cannot be used as that.
    static func inspect(_ target: InspectionTarget) throws -> InspectionReport
}

extension InspectedKind {
    static var takesBase: Bool { false }
}

/// Says what a file or folder is, and whether it is whole.
package enum Inspection {
    /// The kinds, in the order in which they are tried: what a folder holds decides, and a run
    /// holds checkpoints and models.
    static let kinds: [any InspectedKind.Type] = [
        CheckpointInspection.self, RunInspection.self, AdapterInspection.self,
        ModelInspection.self, RecipeInspection.self, ShardInspection.self,
        SafetensorsInspection.self, HDF5Inspection.self, DataInspection.self,
        TokenizerInspection.self,
    ]

    /// Inspects what lies at a path.
    ///
    /// - Parameter target: The path, and what is wanted of it.
    /// - Returns: What is in it.
    /// - Throws: ``InspectionError`` if it is of no known kind; why it is not what it seems to be; or,
    ///   when verifying, why it cannot be used as that.
    package static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        guard let kind = kinds.first(where: { $0.recognizes(target) }) else {
            throw InspectionError.unknownKind(path: target.path)
        }
        if target.base != nil, !kind.takesBase {
            throw InspectionError.noBase(path: target.path)
        }
        return try kind.inspect(target)
    }
}

/// What an inspection found.
package struct InspectionReport {
    /// For people.
    package let text: String
    /// For programs.
    package let json: JSONValue
    /// What is not wrong but worth knowing.
    package var warnings: [String] = []
}

extension InspectionReport {
    init(_ sheet: FactSheet, warnings: [String] = []) {
        self.init(text: sheet.text, json: .object(sheet.json), warnings: warnings)
    }
}

/// Why a path cannot be inspected.
package enum InspectionError: Error, Equatable, CustomStringConvertible {
    /// None of the kinds recognizes it.
    case unknownKind(path: String)
    /// A base is named for what has none.
    case noBase(path: String)

    package var description: String {
        switch self {
        case .unknownKind(let path):
            "\(path.printable): neither its name nor its content is of a kind that retort knows"
        case .noBase(let path):
            "\(path.printable): is no adapter or run, so it has no base; leave --base out"
        }
    }
}
