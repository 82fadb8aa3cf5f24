import RetortTensor

extension Decoder {
    /// Widens every weight to f32 and trains it: full fine-tuning.
    ///
    /// - Returns: The parameters under Hugging Face names, in the order of the forward pass.
    package func trainAllWeights() -> [Parameter] {
        var parameters: [Parameter] = []
        func train(_ layer: LinearLayer) {
            let parameter = Parameter(
                name: layer.name + ".weight", value: workspace.widened(layer.weight))
            layer.parameter = parameter
            parameters.append(parameter)
            guard let bias = layer.bias else { return }
            let trained = Parameter(
                name: layer.name + ".bias", value: workspace.copy(bias), isVector: true)
            layer.biasParameter = trained
            parameters.append(trained)
        }
        func train(_ norm: NormLayer) {
            let parameter = Parameter(
                name: norm.name + ".weight", value: workspace.copy(norm.weight), isVector: true)
            norm.parameter = parameter
            parameters.append(parameter)
        }
        train(embedding)
        for layer in layers {
            layer.linearLayers.forEach(train)
            layer.norms.forEach(train)
        }
        train(finalNorm)
        if head !== embedding { train(head) }
        return parameters
    }
}
