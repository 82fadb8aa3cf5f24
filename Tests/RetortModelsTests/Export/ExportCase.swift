import Foundation
import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

/// Models of the golden folders, what they compute, and a folder of the test's own to write to.
final class ExportCase {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures").path
    static let shared = URL(filePath: fixtures).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "shared/goldens").path
    static let hasShared = Folder.isFolder(shared + "/peft")

    /// Removed at the end.
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "retort-export-\(UUID().uuidString)").path
    private let kernels: Kernels

    init() throws {
        kernels = try #require(Kernels(threads: 2))
        try Folder.create(folder)
    }

    deinit { try? Folder.remove(folder) }

    func model(_ path: String, adapter: String? = nil) throws -> Model {
        let model = try Model(path, kernels: kernels, precision: .float32)
        if let adapter { _ = try model.decoder.loadAdapter(adapter, family: model.family) }
        return model
    }

    /// A fixture below `quant/gguf_models`.
    static func gguf(_ name: String) -> String { "\(fixtures)/quant/gguf_models/\(name)" }

    /// The names in the folder, hidden ones too.
    var names: [String] { get throws { try Folder.names(in: folder) } }
}

extension Model {
    /// Logits of a fixed text of 24 tokens.
    func logits() -> [Float] {
        let vocabulary = description.vocabularySize
        let ids = (0..<24).map { Int32(($0 * 37 + 11) % vocabulary) }
        let tape = Tape(decoder.workspace, isRecording: false)
        let layout = TokenLayout(positions: (0..<24).map { Int32($0) }, documents: [0..<24])
        return decoder.logits(
            decoder.hiddenStates(ids, ForwardContext(layout: layout), on: tape).value
        ).values
    }

    /// All tensors under Hugging Face names, in f32 and with adapters merged.
    func mergedValues() -> [String: [Float]] {
        Dictionary(
            uniqueKeysWithValues: modelTensors().map { tensor in
                let rows = (0..<Int32(tensor.rowCount)).map { $0 }
                return (
                    tensor.huggingFaceName, tensor.values(rows, in: decoder.workspace).values
                )
            })
    }
}

/// Expects values that are as near as the tolerance says.
func expectClose(
    _ found: [Float], _ wanted: [Float], within tolerance: Float, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isClose =
        found.count == wanted.count
        && zip(found, wanted).allSatisfy { abs($0 - $1) <= tolerance }
    let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(isClose, "\(what) differs by \(worst)", sourceLocation: sourceLocation)
}

extension GGUFFile {
    /// The bytes of a tensor.
    func bytes(_ name: String) throws -> [UInt8] {
        let tensor = try #require(self.tensor(named: name))
        return tensor.file.contents(of: tensor.offset..<tensor.offset + tensor.byteCount)
    }
}
