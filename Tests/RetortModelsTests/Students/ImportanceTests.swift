import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

@Suite("Importance")
struct ImportanceTests {
    private let test: ExportCase
    private let model: Model

    init() throws {
        test = try ExportCase()
        model = try test.model("\(ExportCase.fixtures)/models/llama_gqa_tied")
    }

    /// All that passes through the layers, one document at a time.
    private func activations() -> [[String: [[Float]]]] {
        calibration.map { document in
            var seen: [String: [[Float]]] = [:]
            let layout = TokenLayout(
                positions: document.indices.map { Int32($0) }, documents: [0..<document.count])
            let context = ForwardContext(layout: layout) { layer, place, value in
                seen["\(layer).\(place)"] = (0..<value.rowCount).map { value.row($0) }
            }
            let tape = Tape(model.decoder.workspace, isRecording: false)
            let last = model.decoder.hiddenStates(document, context, on: tape).value
            seen["final"] = (0..<last.rowCount).map { last.row($0) }
            return seen
        }
    }

    /// `√(Σ (mean |a|)²)` of a value of every token of every document.
    private func plain(_ values: [[Double]]) -> Double {
        values.map { document in
            let mean = document.map(abs).reduce(0, +) / Double(document.count)
            return mean * mean
        }.reduce(0, +).squareRoot()
    }

    private func expectNear(_ found: Double, _ wanted: Double, _ what: String) {
        #expect(abs(found - wanted) <= 1e-6 * max(1, abs(wanted)), "\(what): \(found), \(wanted)")
    }

    @Test("is what its formulas say")
    func formulas() throws {
        let importance = try Importance(of: model, on: calibration)
        let seen = activations(), attention = model.description.layers[0].attention
        var hidden = [Double](repeating: 0, count: model.description.hiddenSize)
        func addNorm(_ key: String) throws {
            for channel in hidden.indices {
                hidden[channel] += plain(
                    try seen.map { try #require($0[key]).map { Double($0[channel]) } })
            }
        }
        for layer in model.description.layers.indices {
            try addNorm("\(layer).attentionNorm")
            try addNorm("\(layer).feedForwardNorm")
            for channel in 0..<model.description.layers[layer].feedForward.innerSize {
                let values = try seen.map {
                    try #require($0["\(layer).inner"]).map { Double($0[channel]) }
                }
                expectNear(importance.inner[layer][channel], plain(values), "inner \(channel)")
            }
            for head in 0..<attention.headCount {
                let range = head * attention.headSize..<(head + 1) * attention.headSize
                let norms = try seen.map {
                    try #require($0["\(layer).heads"]).map { row in
                        row[range].map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
                    }
                }
                expectNear(importance.heads[layer][head], plain(norms), "head \(head)")
            }
            var cosines: [Double] = []
            for document in seen {
                let inputs = try #require(document["\(layer).input"])
                let outputs = try #require(document["\(layer).output"])
                for (x, y) in zip(inputs, outputs) {
                    func dot(_ a: [Float], _ b: [Float]) -> Double {
                        zip(a, b).map { Double($0) * Double($1) }.reduce(0, +)
                    }
                    cosines.append(dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot())
                }
            }
            let influence = 1 - cosines.reduce(0, +) / Double(cosines.count)
            expectNear(importance.layers[layer], influence, "layer \(layer)")
        }
        try addNorm("final")
        for (channel, wanted) in hidden.enumerated() {
            expectNear(importance.hidden[channel], wanted, "channel \(channel)")
        }
        #expect(try model.layerInfluences(on: calibration) == importance.layers)
    }

    @Test("has the same bits for every number of threads")
    func threads() throws {
        let first = try Importance(of: model, on: calibration)
        for threads in [1, 3] {
            let kernels = try #require(Kernels(threads: threads))
            let again = try Model(model.path, kernels: kernels, precision: .float32)
            #expect(try Importance(of: again, on: calibration) == first)
        }
    }

    @Test("leaves out the layer that does nothing")
    func silentLayer() throws {
        let silent = try test.changed(model, to: "silent") { name, _, _, value in
            name.contains("layers.0.")
                && (name.contains("o_proj") || name.contains("down_proj")) ? 0 : value
        }
        let influences = try silent.layerInfluences(on: calibration)
        #expect(abs(influences[0]) < 1e-12)
        let count = influences.count
        let student = try silent.keeping(.influential(count - 1, influences))
        #expect(student.plan?.layers == Array(1..<count))
        #expect(student.logits() == silent.logits())
        #expect(
            throws: StudentError.otherInfluences(path: silent.path, found: 1, count: count)
        ) { try silent.keeping(.influential(1, [0.5])) }
    }

    @Test("is refused where activations are not finite")
    func notFinite() throws {
        let wild = try test.changed(model, to: "wild") { name, row, column, value in
            name.contains("layers.0.mlp.gate") && row + column == 0 ? .infinity : value
        }
        #expect(throws: StudentError.notFinite(path: wild.path)) {
            try Importance(of: wild, on: calibration)
        }
    }
}
