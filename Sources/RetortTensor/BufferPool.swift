/// Memory for tensors that is kept for reuse, so that the steady state of a step allocates nothing.
///
/// Tensors lie in the lowest hole that has room, and neighbouring holes become one: what activations
/// leave in the backward pass is taken by gradients, whose sizes are others. A step's memory is so
/// within a few percent of the most that lives at one time.
public final class BufferPool: @unchecked Sendable {
    // Guarded by one thread: tensors are made and released by the thread that drives the step.
    private var chunks: [Chunk] = []
    /// In the order of chunks and addresses; no two of a chunk touch.
    private var holes: [Block] = []
    /// Bytes of tensors that live now.
    public private(set) var usedBytes = 0
    /// Bytes of memory that tensors ever lay in; it is not given back before the pool's end.
    public var reservedBytes: Int { chunks.reduce(0) { $0 + $1.touched } }

    /// Memory of the system; pages that no tensor lay in cost nothing.
    @safe private struct Chunk {
        let base: UnsafeMutableRawPointer
        var touched = 0
    }

    /// A range of a chunk.
    fileprivate struct Block {
        let chunk: Int
        var range: Range<Int>
    }

    private static let chunkBytes = 256 << 20
    private static let alignment = 64

    /// Creates an empty pool.
    public init() {}

    deinit {
        for chunk in chunks { unsafe chunk.base.deallocate() }
    }

    fileprivate func take(_ bytes: Int) -> (UnsafeMutableRawPointer, Block) {
        let size = (max(bytes, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
        let index = holes.firstIndex { $0.range.count >= size } ?? addChunk(size)
        let chunk = holes[index].chunk, start = holes[index].range.lowerBound, end = start + size
        if holes[index].range.count == size {
            holes.remove(at: index)
        } else {
            holes[index].range = end..<holes[index].range.upperBound
        }
        chunks[chunk].touched = max(chunks[chunk].touched, end)
        usedBytes += size
        return unsafe (chunks[chunk].base + start, Block(chunk: chunk, range: start..<end))
    }

    /// Asks the system for a chunk; returns the index of its hole.
    private func addChunk(_ size: Int) -> Int {
        let bytes = max(size, Self.chunkBytes)
        holes.append(Block(chunk: chunks.count, range: 0..<bytes))
        unsafe chunks.append(Chunk(base: .allocate(byteCount: bytes, alignment: Self.alignment)))
        return holes.count - 1
    }

    fileprivate func give(_ block: Block) {
        usedBytes -= block.range.count
        var low = 0, high = holes.count
        while low < high {
            let middle = (low + high) / 2, hole = holes[middle]
            let isBefore =
                (hole.chunk, hole.range.lowerBound) < (block.chunk, block.range.lowerBound)
            if isBefore { low = middle + 1 } else { high = middle }
        }
        holes.insert(block, at: low)
        joinHole(low)
        if low > 0 { joinHole(low - 1) }
    }

    /// Makes a hole and its successor one, if they touch.
    private func joinHole(_ index: Int) {
        guard index + 1 < holes.count else { return }
        let (hole, next) = (holes[index], holes[index + 1])
        guard hole.chunk == next.chunk, hole.range.upperBound == next.range.lowerBound else {
            return
        }
        holes[index].range = hole.range.lowerBound..<next.range.upperBound
        holes.remove(at: index + 1)
    }
}

/// The memory of one tensor, returned to its pool when the last tensor that uses it is gone.
@safe package final class TensorBuffer {
    package let base: UnsafeMutableRawPointer
    private let block: BufferPool.Block
    private let pool: BufferPool

    init(bytes: Int, pool: BufferPool) {
        (unsafe base, block) = unsafe pool.take(bytes)
        self.pool = pool
    }

    deinit { pool.give(block) }
}
