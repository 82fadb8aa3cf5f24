import COpenBLAS

/// OpenBLAS, as a figure to judge the products of this package by; nothing is computed with it.
public struct OpenBLAS: Sendable {
    /// What the library says of its version and build.
    public let description: String

    /// Opens the library, which then keeps its threads; nil if the machine does not have it.
    ///
    /// - Parameter threads: Threads to use, which the first call decides for the process.
    public init?(threads: Int) {
        guard retort_openblas_load(Int32(clamping: threads)) == nil else { return nil }
        description = String(cString: retort_openblas_description())
    }

    /// Times `cblas_sgemm` on the f32 values of a product; nil if it is not one of f32.
    ///
    /// - Parameters:
    ///   - product: The product.
    ///   - seconds: How long, as for ``Kernels/time(_:for:)``.
    /// - Returns: Seconds of each run.
    public func time(_ product: MeasuredProduct, for seconds: Double) -> [Double]? {
        guard product.format == .f32, product.precision == .float32,
            let rows = Int32(exactly: product.rows), let inputs = Int32(exactly: product.inputs),
            let outputs = Int32(exactly: product.outputs)
        else { return nil }
        let operands = Operands(product)
        return timed(seconds) {
            let (x, w, y) = (operands.x.floats, operands.w.floats, operands.y.floats)
            switch product.kind {
            case .forward:
                retort_openblas_product(
                    0, 1, rows, outputs, inputs, x, inputs, w, inputs, y, outputs)
            case .inputGradient:
                retort_openblas_product(
                    0, 0, rows, inputs, outputs, y, outputs, w, inputs, x, inputs)
            case .weightGradient:
                retort_openblas_product(
                    1, 0, outputs, inputs, rows, y, outputs, x, inputs, w, inputs)
            }
        }
    }

    /// Matrices without padding, two drawn and one to fill.
    private struct Operands {
        let x, w, y: DrawnRows

        init(_ product: MeasuredProduct) {
            let (rows, inputs, outputs) = (product.rows, product.inputs, product.outputs)
            func drawn(_ rows: Int, _ columns: Int, isFilled: Bool) -> DrawnRows {
                DrawnRows(rows, columns, .float32, stride: columns, isEmpty: isFilled)
            }
            x = drawn(rows, inputs, isFilled: product.kind == .inputGradient)
            w = drawn(outputs, inputs, isFilled: product.kind == .weightGradient)
            y = drawn(rows, outputs, isFilled: product.kind == .forward)
        }
    }
}

extension DrawnRows {
    fileprivate var floats: UnsafeMutablePointer<Float> {
        rows.base.assumingMemoryBound(to: Float.self)
    }
}
