import RetortFiles
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Training gives PEFT's values")
struct AdapterGoldenTests {
    @Test("losses, norms, gradients and final weights", arguments: try AdapterGolden.fixtures())
    func values(golden: AdapterGolden) throws { try compare(golden) }

    @Test(
        "all shared cases, and from their midpoints",
        .enabled(if: hasShared, "needs the shared golden files"),
        arguments: try AdapterGolden.shared())
    func sharedCases(golden: AdapterGolden) throws {
        try compare(golden)
        if Folder.exists(golden.path + "/midpoint") { try compareFromMidpoint(golden) }
    }

    private func compare(_ golden: AdapterGolden) throws {
        let session = try golden.session()
        let steps = try golden.steps()
        #expect(steps.count == 12)
        try compareLogits(session, golden, steps, "before")
        for index in steps.indices {
            try runStep(session, golden, steps, index)
            guard index == 0, let wanted = try golden.tensors("first_gradients.safetensors") else {
                continue
            }
            let tolerance = try golden.tolerance("first_grad_rel")
            #expect(wanted.count == session.parameters.count)
            for parameter in session.parameters {
                let gradient = try #require(wanted[parameter.name], "\(parameter.name)")
                let size = gradient.reduce(0) { max($0, abs($1)) }
                expectNear(
                    parameter.slot.gradient?.values, gradient, tolerance * Double(size),
                    parameter.name)
            }
        }
        try compareLogits(session, golden, steps, "after")
        try compareFinal(session, golden)
    }

    private func runStep(
        _ session: TrainingSession, _ golden: AdapterGolden, _ steps: [[Batch]], _ index: Int
    ) throws {
        let wanted = try golden.trajectory()[index]
        let rate = try #require(wanted["lr"]?.double)
        let description = try golden.description
        let schedule = LearningRateSchedule(
            ScheduleName(rawValue: description["schedule"]?["name"]?.string ?? "") ?? .constant,
            peak: session.recipe.optimizer.learningRate,
            warmupSteps: description["schedule"]?["warmup_steps"]?.integer ?? 0,
            totalSteps: steps.count)
        #expect(abs(schedule.rate(at: index) - rate) <= 1e-12)
        let result = try session.step(index, steps[index], rate: schedule.rate(at: index))
        #expect(result.supervisedTokens == wanted["tokens"]?.integer)
        let loss = try #require(wanted["loss_f64"]?.double)
        #expect(abs(result.loss - loss) <= (try golden.tolerance("loss_abs")), "loss of \(index)")
        let norm = try #require(wanted["grad_norm_f64"]?.double)
        #expect(
            abs(result.gradientNorm - norm) <= norm * (try golden.tolerance("grad_norm_rel")),
            "norm of \(index)")
    }

    private func compareFinal(_ session: TrainingSession, _ golden: AdapterGolden) throws {
        let name =
            session.adapter == nil
            ? "merged/model.safetensors" : "adapter_final/adapter_model.safetensors"
        guard let wanted = try golden.tensors(name) else { return }
        var squares = 0.0, count = 0
        for parameter in session.parameters {
            let values = try #require(wanted[parameter.name], "\(parameter.name)")
            let found = parameter.value.values
            expectNear(found, values, try golden.tolerance("final_abs"), parameter.name)
            squares += zip(found, values).reduce(0) {
                $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
            }
            count += values.count
        }
        #expect((squares / Double(count)).squareRoot() <= (try golden.tolerance("final_rms")))
    }

    private func compareLogits(
        _ session: TrainingSession, _ golden: AdapterGolden, _ steps: [[Batch]], _ time: String
    ) throws {
        let decoder = session.model.decoder
        let all = try #require(try golden.tensors("probe_logits.safetensors")?[time])
        let micro = try JSONValue(contentsOf: golden.path + "/batches.json")["steps"]?.array?
            .first?[
                "micro"]?.array?.first
        let masks = micro?["attention_mask"]?.array?.flatMap { $0.array ?? [] } ?? []
        let places = masks.indices.filter { masks[$0].integer == 1 }
        let width = decoder.description.vocabularySize
        let batch = steps[0][0]
        let hidden = decoder.hiddenStates(
            batch.ids, ForwardContext(layout: batch.layout),
            on: Tape(decoder.workspace, isRecording: false))
        expectNear(
            decoder.logits(hidden.value).values,
            places.flatMap { all[$0 * width..<($0 + 1) * width] },
            try golden.tolerance("logits_abs"), "logits \(time)")
    }

    /// From PEFT's own state after six updates to the end.
    private func compareFromMidpoint(_ golden: AdapterGolden) throws {
        let session = try golden.session()
        var tensors: [String: StoredTensor] = [:]
        for name in ["weights", "optimizer"] {
            for tensor in try SafetensorsFile("\(golden.path)/midpoint/\(name).safetensors").tensors
            {
                tensors[tensor.name] = StoredTensor(tensor)
            }
        }
        let updates = try #require(try golden.description["midpoint_updates"]?.integer)
        try session.restore(tensors, updateCount: updates, path: golden.path)
        let steps = try golden.steps()
        for index in updates..<steps.count { try runStep(session, golden, steps, index) }
        try compareFinal(session, golden)
    }
}

/// Expects values that are as near as a tolerance says.
func expectNear(
    _ found: [Float]?, _ wanted: [Float], _ tolerance: Double, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let found = found ?? []
    let isNear =
        found.count == wanted.count
        && zip(found, wanted).allSatisfy { abs(Double($0) - Double($1)) <= tolerance }
    let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(isNear, "\(name) is off by \(worst)", sourceLocation: sourceLocation)
}
