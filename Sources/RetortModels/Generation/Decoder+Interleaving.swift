import RetortKernels

extension Decoder {
    /// Copies the frozen quantized matrices that the processor has products of whole numbers for,
    /// unless that was done before or the copies would take most of the machine's memory.
    func interleaveWeights() {
        let layers = (linearLayers + [head]).filter { $0.parameter == nil }
        guard layers.allSatisfy({ $0.interleaved == nil }) else { return }
        let copies = InterleavedMatrix.copies(
            of: layers.map(\.weight.matrix), maximumBytes: machineMemory / 4 * 3,
            with: workspace.kernels)
        for (layer, copy) in zip(layers, copies) { layer.interleaved = copy }
    }
}
