import RetortKernels

extension AdapterContents {
    /// Reads all of an adapter and says whether it can be used.
    ///
    /// - Parameters:
    ///   - base: The model it is for; without one it is checked against itself.
    ///   - kernels: The arithmetic.
    /// - Throws: The first thing that is wrong, ``AdapterError`` if it is the adapter's fault.
    package func verify(base: String?, kernels: Kernels) throws {
        if let base {
            let model = try Model(base, kernels: kernels, precision: .float32)
            _ = try model.decoder.loadAdapter(source, family: model.family)
        }
        try check()
        for tensor in tensors {
            do { try tensor.checkValues(kernels) } catch {
                throw AdapterError.notFinite(path: path, tensor: tensor.name)
            }
        }
    }
}
