import RetortModels
import RetortTensor

/// Logits, hidden states, loss and gradients of a batch in f32, to compare with other frameworks.
package struct ForwardCheck {
    package let model: Model
    package let wantsHiddenStates: Bool
    package let wantsGradients: Bool

    /// Prepares a check of a model that was opened in float32.
    package init(model: Model, wantsHiddenStates: Bool, wantsGradients: Bool) {
        self.model = model
        self.wantsHiddenStates = wantsHiddenStates
        self.wantsGradients = wantsGradients
    }

    /// Runs a batch and writes `logits`, `loss`, `hidden.N` and `grad.NAME`, all f32.
    ///
    /// Positions whose mask is 0 are zero. Gradients are of all weights, or of the adapter's where the
    /// model has one.
    package func run(_ grid: TokenGrid, to path: String) throws {
        let decoder = model.decoder, workspace = decoder.workspace
        var parameters = decoder.adapterParameters
        if wantsGradients, parameters.isEmpty { parameters = decoder.trainAllWeights() }
        let flat = grid.flattened()
        let tape = Tape(workspace, isRecording: wantsGradients)
        var results: [NamedTensor] = []
        func place(_ tensor: Tensor, _ name: String) {
            let all = workspace.zeros(grid.rowCount * grid.length, tensor.columnCount)
            workspace.kernels.placeRows(tensor.rows, flat.places[...], into: all.rows)
            results.append(
                NamedTensor(name, all, shape: [grid.rowCount, grid.length, tensor.columnCount]))
        }
        let hidden = decoder.hiddenStates(
            flat.ids, ForwardContext(layout: flat.layout), on: tape,
            observe: wantsHiddenStates
                ? { place(workspace.converted($1.value, to: .float32), "hidden.\($0)") } : nil)
        place(decoder.logits(hidden.value), "logits")
        let supervised = flat.labels.count { $0 != ignoredLabel }
        if supervised > 0 {
            let (loss, _) = decoder.crossEntropy(
                hidden, labels: flat.labels, scale: 1 / Float(supervised), on: tape)
            results.append(NamedTensor("loss", loss.value, shape: []))
            if wantsGradients {
                tape.backward(from: loss)
                for parameter in parameters {
                    let gradient =
                        parameter.slot.gradient
                        ?? workspace.zeros(parameter.value.rowCount, parameter.value.columnCount)
                    results.append(
                        NamedTensor(parameter, name: "grad.\(parameter.name)", tensor: gradient))
                }
            }
        }
        try writeTensors(results, to: path)
    }
}
