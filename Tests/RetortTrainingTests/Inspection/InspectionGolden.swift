import FoundationEssentials
import RetortFiles
import RetortKernels
import Testing

@testable import RetortTraining

/// A good or malformed file or folder of any kind, and what must be said of it.
struct InspectionGolden: Sendable, CustomTestStringConvertible {
    let file: String
    let kind: String
    let isValid: Bool
    /// Whether it may be accepted with a warning.
    let mayPass: Bool
    /// Each entry must be said, ignoring case; `a|b` means either.
    let mentions: [String]
    let base: String?

    var testDescription: String { file }
    var path: String {
        // The recipes lie beside the tests of YAML.
        file.hasPrefix("yaml/") ? Self.fixtures + "/" + file : Self.formats + "/" + file
    }

    static let fixtures =
        URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Fixtures"
    static let formats = fixtures + "/formats"
    /// Files of these kinds are shown as containers, without reading all.
    private static let containers = ["gguf", "safetensors"]
    /// Good files of these kinds need not be anything that Retort uses.
    private static let foreign = ["zstd", "yaml_plain", "hdf5"]

    struct NoCases: Error {}

    static func all(valid: Bool) throws -> [InspectionGolden] {
        let list = try JSONValue(contentsOf: formats + "/cases.json")
        let cases = (list.array ?? []).compactMap { InspectionGolden($0) }.filter {
            $0.isValid == valid && !(valid && foreign.contains($0.kind))
        }
        guard cases.count > 30 else { throw NoCases() }
        return cases
    }

    private init?(_ value: JSONValue) {
        guard let file = value["file"]?.string, let kind = value["kind"]?.string,
            let isValid = value["valid"]?.bool
        else { return nil }
        self.file = file
        self.kind = kind
        self.isValid = isValid
        mayPass = value["severity"] != nil
        // The HDF5 files are weights of Keras, of which it is enough to say that they are no targets.
        mentions =
            kind == "hdf5" ? [] : value["must_mention"]?.array?.compactMap(\.string) ?? []
        base = value["base"]?.string
    }

    /// Inspects it as `retort inspect` does.
    func inspect() throws -> InspectionReport {
        try Inspection.inspect(
            .test(
                path, verifies: !Self.containers.contains(kind),
                base: base.map { Self.formats + "/" + $0 }))
    }

    /// The first mention that a text lacks.
    func lacking(in text: String) -> String? {
        mentions.first { mention in
            !mention.split(separator: "|").contains {
                text.lowercased().contains($0.lowercased())
            }
        }
    }
}

extension InspectionTarget {
    /// A target whose arithmetic starts no threads: tests run beside each other.
    static func test(
        _ path: String, verifies: Bool = true, base: String? = nil
    ) throws -> InspectionTarget {
        try InspectionTarget(path, verifies: verifies, base: base) {
            try #require(Kernels(threads: 1))
        }
    }
}
