#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A quantized matrix laid out anew for products of whole numbers, 16 rows side by side.
///
/// For 16 rows and each of their blocks in turn: four bytes of every row, then the next four, …; the
/// rows' f16 scales; and for Q4_1 their f16 minima. A vector has so four values of each row, sums stay
/// in the lane of their row, and memory is read from one end to the other. Bytes of Q8_0 are unsigned
/// here. Rows that are missing in the last 16 are 0. As many bytes as the stored rows.
public struct InterleavedMatrix: Sendable {
    /// Rows that lie side by side.
    static let groupRows = 16

    /// The stored rows.
    public let rowCount: Int
    /// Values in a row.
    public let columnCount: Int
    let format: StorageFormat
    private let memory: Memory
    private let offset: Int

    var base: UnsafeRawPointer { UnsafeRawPointer(memory.base) + offset }
    /// Blocks of a row.
    var blocks: Int { columnCount / format.blockSize }
    /// Groups of 16 rows.
    var groups: Int { (rowCount + Self.groupRows - 1) / Self.groupRows }
    /// Bytes of 16 rows.
    var groupBytes: Int { blocks * format.blockBytes * Self.groupRows }

    /// The beginning of what follows in memory, round to the first matrix: with copies in the order of
    /// their use, what is read next.
    var following: UnsafeRawBufferPointer {
        // Matrices begin at multiples of a cache line.
        let end = (offset + groups * groupBytes + 63) / 64 * 64
        let start = end < memory.count ? end : 0
        return UnsafeRawBufferPointer(
            start: memory.base + start, count: min(Self.followingBytes, memory.count - start))
    }

    /// A good part of a second-level cache, and about what is read in the time between two products.
    private static let followingBytes = 256 << 10

    /// Memory of several matrices, in large pages where the system has them: those of a mapped file
    /// are small, and looking them up costs a tenth of a decoded token.
    private final class Memory: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let count: Int

        init?(_ count: Int) {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS
            guard let base = mmap(nil, count, PROT_READ | PROT_WRITE, flags, -1, 0),
                base != MAP_FAILED
            else { return nil }
            _ = madvise(base, count, MADV_HUGEPAGE)
            self.base = base
            self.count = count
        }

        deinit { munmap(base, count) }
    }

    private init(_ matrix: StoredMatrix, _ memory: Memory, _ offset: Int) {
        rowCount = matrix.rowCount
        columnCount = matrix.columnCount
        format = matrix.format
        self.memory = memory
        self.offset = offset
    }

    /// Lays out one group of rows.
    private func fill(_ group: Int, from matrix: StoredMatrix) {
        let blockBytes = format.blockBytes, halves = (format == .q4_1 ? 2 : 1)
        let words = (blockBytes - halves * 2) / 4, flip: UInt32 = format == .q8_0 ? 0x8080_8080 : 0
        let first = group * Self.groupRows
        for row in 0..<min(Self.groupRows, rowCount - first) {
            var from = matrix.rows.start(first + row)
            var to = memory.base + offset + group * groupBytes
            for _ in 0..<blocks {
                for half in 0..<halves {
                    (to + words * 64 + half * 32 + row * 2).storeBytes(
                        of: (from + half * 2).loadUnaligned(as: UInt16.self), as: UInt16.self)
                }
                for word in 0..<words {
                    let value = (from + halves * 2 + word * 4).loadUnaligned(as: UInt32.self)
                    (to + word * 64 + row * 4).storeBytes(of: value ^ flip, as: UInt32.self)
                }
                from += blockBytes
                to += blockBytes * Self.groupRows
            }
        }
    }

    /// Lays out those of some matrices that the level has products for.
    ///
    /// - Parameters:
    ///   - matrices: Stored rows, which stay as they are.
    ///   - maximumBytes: The memory that may be taken.
    ///   - kernels: Threads and level.
    /// - Returns: For every matrix its copy, or nil; all are nil if there is not enough memory.
    public static func copies(
        of matrices: [StoredMatrix], maximumBytes: Int, with kernels: Kernels
    ) -> [InterleavedMatrix?] {
        var bytes = 0
        let offsets = matrices.map { matrix -> Int? in
            guard kernels.level.integerProducts(matrix.format) != nil else { return nil }
            defer {
                let rows = (matrix.rowCount + groupRows - 1) / groupRows * groupRows
                bytes += (rows * (matrix.format.rowBytes(matrix.columnCount) ?? 0) + 63) / 64 * 64
            }
            return bytes
        }
        guard bytes > 0, bytes <= maximumBytes, let memory = Memory(bytes) else {
            return matrices.map { _ in nil }
        }
        return zip(matrices, offsets).map { matrix, offset in
            guard let offset else { return nil }
            let copy = InterleavedMatrix(matrix, memory, offset)
            kernels.split(copy.groups, grain: 4) { range, _ in
                for group in range { copy.fill(group, from: matrix) }
            }
            return copy
        }
    }
}
