import Foundation
import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

/// A tiny model and what transformers computes with it; see the README of the golden models.
struct ModelGolden: Sendable, CustomTestStringConvertible {
    let path: String
    var testDescription: String {
        path.split(separator: "/").suffix(3).joined(separator: "/")
    }

    struct NoCases: Error {}

    /// The cases kept in this repository.
    static func fixtures() throws -> [ModelGolden] { try cases(ExportCase.fixtures + "/models") }

    /// All cases of the families that are known, outside the repository.
    static func shared() throws -> [ModelGolden] {
        guard ExportCase.hasShared else { return [] }
        return try ["models", "more/models"].flatMap { try cases(ExportCase.shared + "/" + $0) }
    }

    private static func cases(_ folder: String) throws -> [ModelGolden] {
        let known = modelFamilies.flatMap { $0.modelTypes }
        let cases = try Folder.names(in: folder).sorted().map {
            ModelGolden(path: "\(folder)/\($0)")
        }
        .filter { golden in
            let description = try? JSONValue(contentsOf: golden.path + "/case.json")
            let type = description?["model_type"]?.string ?? ""
            return known.contains(type) && Folder.exists(golden.path + "/config.json")
        }
        guard !cases.isEmpty else { throw NoCases() }
        return cases
    }

    func model(_ precision: Precision = .float32, level: String? = nil) throws -> Model {
        let kernels = try #require(Kernels(threads: 2, levelName: level))
        return try Model(path, kernels: kernels, precision: precision)
    }

    func reference() throws -> GoldenTensors { try GoldenTensors(path + "/reference.safetensors") }

    func tolerance(_ name: String) throws -> Float {
        let description = try JSONValue(contentsOf: path + "/case.json")
        return Float(try #require(description["tolerance"]?[name]?.double))
    }
}

/// The tensors of a golden file as numbers.
struct GoldenTensors {
    private let file: SafetensorsFile

    init(_ path: String) throws { file = try SafetensorsFile(path) }

    var names: [String] { file.tensors.map(\.name) }

    func has(_ name: String) -> Bool { file.tensor(named: name) != nil }

    func shape(_ name: String) throws -> [Int] { try #require(file.tensor(named: name)).shape }

    func floats(_ name: String) throws -> [Float] {
        try values(name, type: "F32", as: Float.self)
    }

    func integers(_ name: String) throws -> [Int] {
        try values(name, type: "I64", as: Int64.self).map { Int($0) }
    }

    private func values<Value: BitwiseCopyable>(_ name: String, type: String, as _: Value.Type)
        throws -> [Value]
    {
        let tensor = try #require(file.tensor(named: name), "\(name) is missing")
        try #require(tensor.type.rawValue == type)
        return tensor.withBytes { bytes in
            stride(from: 0, to: bytes.byteCount, by: MemoryLayout<Value>.size).map {
                bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: Value.self)
            }
        }
    }
}

/// The tokens of a golden batch that are no padding, one after another.
struct GoldenBatch {
    var ids: [Int32] = []
    /// What should follow each token, or -100.
    var labels: [Int32] = []
    var layout = TokenLayout(positions: [], documents: [])
    /// Where each token stands in the batch.
    var places: [Int] = []

    /// Reads the batch whose names begin so.
    init(_ tensors: GoldenTensors, _ prefix: String = "") throws {
        let ids = try tensors.integers(prefix + "input_ids")
        let columns = try tensors.shape(prefix + "input_ids")[1]
        func list(_ name: String) throws -> [Int]? {
            tensors.has(prefix + name) ? try tensors.integers(prefix + name) : nil
        }
        let labels = try list("labels"), mask = try list("attention_mask")
        let positions = try list("position_ids"), segments = try list("segment_ids")
        for index in ids.indices where mask?[index] != 0 {
            let column = index % columns
            let isNew = column == 0 || segments.map { $0[index] != $0[index - 1] } ?? false
            if isNew { layout.documents.append(self.ids.count..<self.ids.count) }
            self.ids.append(Int32(ids[index]))
            layout.positions.append(Int32(positions?[index] ?? column))
            let next = column + 1 < columns ? labels?[index + 1] ?? -100 : -100
            self.labels.append(Int32(next))
            places.append(index)
            let first = layout.documents.removeLast().lowerBound
            layout.documents.append(first..<self.ids.count)
        }
    }

    var supervisedCount: Int { labels.count { $0 != -100 } }

    /// The rows of a golden tensor that belong to these tokens.
    func rows(_ all: [Float], of count: Int) -> [Float] {
        places.flatMap { all[$0 * count..<($0 + 1) * count] }
    }
}

extension Decoder {
    /// Loss and gradients of all parameters that are trained, for a batch or one part of it.
    func gradients(
        _ batch: GoldenBatch, _ parameters: [Parameter], supervised: Int? = nil,
        checkpointing: Bool = false
    ) -> (loss: Float, gradients: [String: [Float]]) {
        for parameter in parameters { parameter.slot.gradient = nil }
        let tape = Tape(workspace)
        let hidden = hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout), on: tape, checkpointing: checkpointing)
        let scale = 1 / Float(supervised ?? batch.supervisedCount)
        let (loss, _) = crossEntropy(hidden, labels: batch.labels, scale: scale, on: tape)
        tape.backward(from: loss)
        return (
            loss.value[0, 0],
            Dictionary(
                uniqueKeysWithValues: parameters.map {
                    ($0.name, $0.slot.gradient?.values ?? [])
                })
        )
    }

    /// Hidden states of a batch without gradients.
    func hidden(_ batch: GoldenBatch) -> Tensor {
        hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout), on: Tape(workspace, isRecording: false)
        ).value
    }
}

/// Expects a gradient to be near the golden one, in norm and in every element.
func expectGradient(
    _ found: [Float]?, _ wanted: [Float], norm: Float, largest: Float, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let found, found.count == wanted.count else {
        Issue.record("\(name) has no gradient of this size", sourceLocation: sourceLocation)
        return
    }
    func size(_ values: [Float]) -> Float {
        Float(values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    }
    let difference = zip(found, wanted).map { $0 - $1 }
    let top = wanted.reduce(0) { max($0, abs($1)) }
    #expect(
        size(difference) <= norm * size(wanted), "\(name) is off by \(size(difference))",
        sourceLocation: sourceLocation)
    #expect(
        difference.allSatisfy { abs($0) <= largest * top }, "an element of \(name) is off",
        sourceLocation: sourceLocation)
}
