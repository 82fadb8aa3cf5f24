/// Memory for tensors that is kept for reuse, so that the steady state of a step allocates nothing.
public final class BufferPool: @unchecked Sendable {
    // Guarded by one thread: tensors are made and released by the thread that drives the step.
    private var free: [Int: [UnsafeMutableRawPointer]] = [:]
    /// Bytes that were ever asked of the system and are not given back.
    public private(set) var reservedBytes = 0
    /// How often the system was asked.
    public private(set) var allocationCount = 0

    /// Creates an empty pool.
    public init() {}

    deinit {
        for pointer in unsafe free.values.joined() { unsafe pointer.deallocate() }
    }

    /// Sizes are rounded up to an eighth of their power of two, so that batches of almost the same
    /// length share buffers.
    private static func rounded(_ bytes: Int) -> Int {
        let step = max(4096, (1 << (Int.bitWidth - bytes.leadingZeroBitCount)) / 16)
        return (bytes + step - 1) / step * step
    }

    fileprivate func take(_ bytes: Int) -> (UnsafeMutableRawPointer, Int) {
        let size = Self.rounded(max(bytes, 1))
        if let pointer = unsafe free[size]?.popLast() { return unsafe (pointer, size) }
        reservedBytes += size
        allocationCount += 1
        return unsafe (.allocate(byteCount: size, alignment: 64), size)
    }

    fileprivate func give(_ pointer: UnsafeMutableRawPointer, _ size: Int) {
        unsafe free[size, default: []].append(pointer)
    }
}

/// The memory of one tensor, returned to its pool when the last tensor that uses it is gone.
package final class TensorBuffer {
    package let base: UnsafeMutableRawPointer
    private let size: Int
    private let pool: BufferPool

    init(bytes: Int, pool: BufferPool) {
        (unsafe base, size) = unsafe pool.take(bytes)
        self.pool = pool
    }

    deinit { unsafe pool.give(base, size) }
}
