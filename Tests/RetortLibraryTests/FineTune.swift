import Retort

/// Tunes a model on conversations and writes a file for llama.cpp; returns the losses.
func fineTune(_ modelPath: String, on dataPath: String, steps: Int, to output: String) throws
    -> [Float]
{
    // The processor's best arithmetic, and a model whose weights stay where they lie.
    guard let kernels = Kernels() else { return [] }
    let model = try Model(modelPath, kernels: kernels)

    // LoRA on the attention's queries and values.
    var adapter = AdapterConfiguration()
    adapter.rank = 8
    adapter.alpha = 16
    adapter.targets = .names(["q_proj", "v_proj"])
    try model.addAdapter(adapter)

    // Conversations become tokens; the model's own template says which of them are trained.
    var format = DataRecipe()
    format.trainOn = .assistant
    let data = try ExampleReader(model, format).read(dataPath)

    var settings = OptimizerRecipe()
    settings.weightDecay = 0
    let optimizer = model.makeOptimizer(settings)

    var losses: [Float] = []
    for step in 0..<steps {
        let examples = (0..<8).map { data.examples[(step * 8 + $0) % data.examples.count] }
        let tape = Tape(model.workspace)
        let loss = model.loss(Batch(examples), on: tape)
        tape.backward(from: loss)
        optimizer.step(rate: 1e-3)
        losses.append(loss.value[0, 0])
    }
    try model.export(to: output, format: .gguf, type: .f16)
    return losses
}
