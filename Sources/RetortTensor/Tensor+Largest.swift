import RetortKernels

extension Tensor {
    /// The column of the largest value of an f32 row, the first of equal ones; nil if one is not finite.
    package func indexOfLargest(inRow row: Int) -> Int? {
        precondition(row >= 0 && row < rowCount)
        return unsafe Kernels.indexOfLargest(floats + row * columnCount, count: columnCount)
    }
}
