#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortTensor

/// Cosines and sines of a decoder's rotary embeddings, made once and extended when needed.
final class RotaryTables {
    private var tables: [RotaryDescription: (length: Int, table: RotaryTable)] = [:]

    /// The table for a batch whose positions are below `length`.
    func table(_ rotary: RotaryDescription, length: Int, in workspace: Workspace) -> RotaryTable {
        if let known = tables[rotary],
            rotary.dependsOnLength ? known.length == length : known.length >= length
        {
            return known.table
        }
        // Grown in doubling steps, so that generating token by token seldom makes a new table.
        let rows = rotary.dependsOnLength ? length : max(512, length.nextPowerOfTwo)
        let table = make(rotary, rows: rows, batchLength: length, in: workspace)
        tables[rotary] = (rotary.dependsOnLength ? length : rows, table)
        return table
    }

    private func make(
        _ rotary: RotaryDescription, rows: Int, batchLength: Int, in workspace: Workspace
    ) -> RotaryTable {
        let frequencies = rotary.frequencies(batchLength: batchLength)
        let magnitude = rotary.magnitude
        var cosines: [Float] = [], sines: [Float] = []
        cosines.reserveCapacity(rows * frequencies.count)
        sines.reserveCapacity(rows * frequencies.count)
        for position in 0..<rows {
            for frequency in frequencies {
                cosines.append(Float(cos(Double(position) * frequency) * magnitude))
                sines.append(Float(sin(Double(position) * frequency) * magnitude))
            }
        }
        return RotaryTable(
            cosines: workspace.tensor(cosines, rows: rows, columns: frequencies.count),
            sines: workspace.tensor(sines, rows: rows, columns: frequencies.count),
            rotated: rotary.rotatedSize)
    }
}

extension Int {
    /// The least power of two that is not below this.
    var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
