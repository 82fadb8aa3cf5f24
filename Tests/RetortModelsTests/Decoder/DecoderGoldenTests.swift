import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

@Suite("Models give transformers' values")
struct DecoderGoldenTests {
    @Test(
        "logits, hidden states, loss and gradients on every level",
        arguments: try ModelGolden.fixtures(), Kernels.levelNames)
    func values(golden: ModelGolden, level: String) throws { try compareAll(golden, level) }

    @Test("greedy tokens, from the cache", arguments: try ModelGolden.fixtures())
    func greedy(golden: ModelGolden) throws { try compareGreedy(golden) }

    @Test(
        "all shared cases", .enabled(if: ExportCase.hasShared, "needs the shared golden files"),
        arguments: try ModelGolden.shared())
    func shared(golden: ModelGolden) throws {
        try compareAll(golden)
        try compareGreedy(golden)
    }

    private func compareAll(_ golden: ModelGolden, _ level: String? = nil) throws {
        let reference = try golden.reference()
        let decoder = try golden.model(level: level).decoder
        let logits = try golden.tolerance("logits_abs"), loss = try golden.tolerance("loss_abs")
        let vocabulary = decoder.description.vocabularySize

        let batch = try GoldenBatch(reference)
        var layers = 0
        var failure: (any Error)?
        let hidden = decoder.hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout),
            on: Tape(decoder.workspace, isRecording: false),
            observe: { index, states in
                do {
                    expectClose(
                        states.value.values, try reference.floats("hidden.\(index)"),
                        within: try golden.tolerance("hidden_abs"), "hidden.\(index)")
                    layers += 1
                } catch { failure = error }
            })
        if let failure { throw failure }
        #expect(layers == decoder.description.layers.count + 1)
        expectClose(
            decoder.logits(hidden.value).values, try reference.floats("logits"), within: logits,
            "logits")

        for prefix in ["padded.", "packed.", "short."] where reference.has(prefix + "input_ids") {
            let batch = try GoldenBatch(reference, prefix)
            let wanted = try reference.floats(prefix + "logits")
            expectClose(
                decoder.logits(decoder.hidden(batch)).values, batch.rows(wanted, of: vocabulary),
                within: logits, prefix + "logits")
        }

        let parameters = decoder.trainAllWeights()
        for prefix in ["", "padded.", "packed."] where reference.has(prefix + "loss") {
            let batch = try GoldenBatch(reference, prefix)
            let result = decoder.gradients(batch, parameters)
            expectClose(
                [result.loss], try reference.floats(prefix + "loss"), within: loss, prefix + "loss")
            let names = reference.names.filter { $0.hasPrefix(prefix + "grad.") }
            for name in names {
                let own = String(name.dropFirst((prefix + "grad.").count))
                expectGradient(
                    result.gradients[own], try reference.floats(name),
                    norm: try golden.tolerance("grad_rel"),
                    largest: try golden.tolerance("grad_max_rel"), name)
            }
            if prefix.isEmpty { #expect(names.count == parameters.count) }
        }
    }

    private func compareGreedy(_ golden: ModelGolden) throws {
        let reference = try golden.reference()
        let prompt = try reference.integers("greedy.prompt").map { Int32($0) }
        var options = Generator.Options()
        options.maximumTokens = 16
        let tokens = try Generator(try golden.model()).generate([prompt], options)
        #expect(tokens == [try reference.integers("greedy.tokens")])
    }
}
