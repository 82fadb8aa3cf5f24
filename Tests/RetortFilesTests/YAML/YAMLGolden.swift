import Foundation
import RetortFiles
import Testing

/// One file of the golden folder for YAML, with what a reader must say about it.
struct YAMLGolden: Sendable, CustomTestStringConvertible {
    let file: String
    let bytes: [UInt8]
    let isPlain: Bool
    let isRecipeLevel: Bool
    let mustMention: [String]
    let expected: JSONValue?

    var testDescription: String { file }

    /// All the cases; throws when there are none.
    static func cases() throws -> [YAMLGolden] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fixtures/yaml").standardized
        let table = try Data(contentsOf: folder.appendingPathComponent("cases.json"))
        let cases = try JSONParser.parse([UInt8](table)).array ?? []
        guard !cases.isEmpty else { throw CocoaError(.fileReadNoSuchFile) }
        return try cases.map { entry in
            let file = entry["file"]?.string ?? ""
            return YAMLGolden(
                file: file,
                bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(file))),
                isPlain: entry["kind"]?.string == "yaml_plain",
                isRecipeLevel: entry["level"]?.string == "recipe",
                mustMention: entry["must_mention"]?.array?.compactMap(\.string) ?? [],
                expected: entry["expect"])
        }
    }
}

extension JSONValue {
    /// With members sorted by key and every number as 64-bit floating point.
    var canonical: JSONValue {
        switch self {
        case .integer(let value): .number(Double(value))
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.canonical) }))
        default: self
        }
    }
}
