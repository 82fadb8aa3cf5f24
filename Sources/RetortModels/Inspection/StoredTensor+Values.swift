import RetortFiles
import RetortKernels

extension StoredTensor {
    /// Reads every value; whole numbers, and types that Retort does not read, have nothing to check.
    ///
    /// - Parameter kernels: Decode the values.
    /// - Throws: ``ModelError/notFinite(path:tensor:)``.
    package func checkValues(_ kernels: Kernels) throws(ModelError) {
        guard areFinite(kernels) else { throw .notFinite(path: file.path, tensor: name) }
    }

    private func areFinite(_ kernels: Kernels) -> Bool {
        guard byteCount > 0, let start = unsafe file.bytes.baseAddress else { return true }
        defer { withExtendedLifetime(file) {} }
        if typeName == "F64" {
            return file.withBytes(offset..<offset + byteCount) { bytes in
                (0..<byteCount / 8).allSatisfy {
                    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 8, as: Double.self)
                        .isFinite
                }
            }
        }
        guard let format else { return true }
        let count = byteCount / format.blockBytes * format.blockSize
        return unsafe kernels.allFinite(format, start + offset, count: count)
    }
}
