/// Bytes that mean what their owner says, such as the codes of an optimizer's moments.
///
/// A value that shares its memory when copied.
public struct ByteTensor {
    package let buffer: TensorBuffer
    /// How many there are.
    public let count: Int

    init(count: Int, pool: BufferPool) {
        precondition(count >= 0)
        buffer = TensorBuffer(bytes: count, pool: pool)
        self.count = count
        unsafe buffer.base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }

    /// The bytes.
    package var bytes: UnsafeMutablePointer<UInt8> {
        unsafe buffer.base.assumingMemoryBound(to: UInt8.self)
    }
}

extension Workspace {
    /// Bytes that are zero.
    public func zeroBytes(_ count: Int) -> ByteTensor { ByteTensor(count: count, pool: pool) }
}
