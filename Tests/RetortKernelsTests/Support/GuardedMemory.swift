import Glibc
import RetortKernels

/// Memory for operands, each of which ends where a page begins that must not be touched.
///
/// Weights are mapped files whose last tensor ends with the file, and the kernels are compiled without
/// checks: a read or write beyond an operand ends the tests with a signal. Bytes that nothing was
/// stored in are 0xff, NaN in every float type, so that what is read but never written shows.
final class GuardedMemory {
    private var mappings: [(base: UnsafeMutableRawPointer, size: Int)] = []
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    deinit {
        for (base, size) in mappings { munmap(base, size) }
    }

    /// Bytes between two forbidden pages, ending at the second.
    func bytes(_ count: Int) -> UnsafeMutableRawPointer {
        let page = Self.page, inner = (count + page - 1) / page * page, size = inner + 2 * page
        guard
            let base = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            base != MAP_FAILED,
            inner == 0 || mprotect(base + page, inner, PROT_READ | PROT_WRITE) == 0
        else { preconditionFailure("no memory for a test") }
        mappings.append((base, size))
        memset(base + page, 0xff, inner)
        return base + page + inner - count
    }

    /// A copy of some bytes.
    func bytes(_ content: [UInt8]) -> UnsafeMutableRawPointer {
        let base = bytes(content.count)
        content.withUnsafeBytes {
            base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count)
        }
        return base
    }

    /// f32 values in a row.
    func floats(_ values: [Float]) -> UnsafeMutablePointer<Float> {
        let base = bytes(values.count * 4).assumingMemoryBound(to: Float.self)
        for (index, value) in values.enumerated() { base[index] = value }
        return base
    }

    /// Rows without content.
    func rows(_ count: Int, _ columns: Int, stride: Int? = nil, _ type: ElementType)
        -> ActivationRows
    {
        let least = type == .bfloat16 ? (columns + 1) / 2 * 2 : columns
        let stride = stride ?? least
        let base = bytes(count == 0 ? 0 : ((count - 1) * stride + least) * type.bytes)
        return ActivationRows(
            base: base, rowCount: count, columnCount: columns, stride: stride, type: type)
    }

    /// Rows of these values, rounded to the type; what follows an odd end of bf16 is 3.
    func rows(
        _ values: [Float], _ columns: Int, stride: Int? = nil, _ type: ElementType
    ) -> ActivationRows {
        let rows = rows(values.count / max(columns, 1), columns, stride: stride, type)
        for (index, value) in values.enumerated() {
            rows.put(value, index / columns, index % columns)
        }
        if type == .bfloat16, columns % 2 != 0 {
            for row in 0..<rows.rowCount { rows.put(3, row, columns) }
        }
        return rows
    }

    /// A stored matrix.
    func matrix(_ encoded: EncodedMatrix) -> StoredMatrix {
        var map: UnsafePointer<Int32>?
        if let order = encoded.rowMap {
            let copy = bytes(order.count * 4).assumingMemoryBound(to: Int32.self)
            for (index, row) in order.enumerated() { copy[index] = row }
            map = UnsafePointer(copy)
        }
        return StoredMatrix(
            base: bytes(encoded.bytes), rowCount: encoded.rowCount,
            columnCount: encoded.columnCount,
            format: encoded.format, stride: encoded.stride, rowMap: map)
    }
}

extension ActivationRows {
    /// Stores a value, rounded to the type.
    func put(_ value: Float, _ row: Int, _ column: Int) {
        let at = base + (row * stride + column) * type.bytes
        switch type {
        case .float32: at.storeBytes(of: value, as: Float.self)
        case .bfloat16: at.storeBytes(of: bfloat16Bits(value), as: UInt16.self)
        }
    }

    /// Rows of another type that begin where these f32 rows begin.
    func inPlace(_ type: ElementType) -> ActivationRows {
        ActivationRows(
            base: base, rowCount: rowCount, columnCount: columnCount,
            stride: stride * 4 / type.bytes, type: type)
    }

    /// All values, row by row.
    var values: [Float] {
        (0..<rowCount * columnCount).map { index in
            let at = base + (index / columnCount * stride + index % columnCount) * type.bytes
            switch type {
            case .float32: return at.load(as: Float.self)
            case .bfloat16: return Float(bitPattern: UInt32(at.load(as: UInt16.self)) << 16)
            }
        }
    }
}

/// The nearest bf16 by its definition: of the two neighbours the nearer, of equally near the even one.
func bfloat16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let below = UInt16(truncatingIfNeeded: bits >> 16)
    if value.isNaN { return below | 0x40 }
    let rest = bits & 0xffff
    let goesUp = rest > 0x8000 || rest == 0x8000 && below & 1 == 1
    return goesUp ? below &+ 1 : below
}

/// A value rounded to a type.
func rounded(_ value: Float, to type: ElementType) -> Float {
    type == .float32 ? value : Float(bitPattern: UInt32(bfloat16Bits(value)) << 16)
}
