import CKernels

#if arch(x86_64)
    import KernelsAVX512BF16
#endif

/// Products of whole numbers with an ``InterleavedMatrix``, for levels that have them.
typealias IntegerProducts = CKernels.IntegerProducts

extension KernelLevel {
    /// Products of whole numbers on quantized blocks; nil where the level has none.
    private var integers: IntegerProducts? {
        #if arch(x86_64)
            // Every processor with bf16 products has those of AVX-512 VNNI too.
            return hasBF16 ? KernelsAVX512BF16.integerProducts : nil
        #else
            return nil
        #endif
    }

    /// The products of whole numbers for a format, if the level has them.
    func integerProducts(_ format: StorageFormat) -> IntegerProducts? {
        switch format {
        case .q4_0, .q4_1, .q8_0: integers
        default: nil
        }
    }
}

extension Kernels {
    /// `y = x · Wᵀ` with x rounded to 8 bits, in blocks of 32 with a scale each.
    ///
    /// Results are off by about a hundredth of the root of the sum of squared products. Few rows are
    /// left to ``multiplyFewRows(_:_:)``, which is more exact and, for them, faster.
    ///
    /// - Parameters:
    ///   - x: `[m, k]`.
    ///   - weight: `[n, k]`.
    ///   - y: `[m, n]`, f32 or bf16.
    ///   - accumulation: Whether to add to y.
    /// - Returns: Whether the rows are many; if not, y is as it was.
    public func multiplyInBytes(
        _ x: ActivationRows, _ weight: InterleavedMatrix, into y: ActivationRows,
        _ accumulation: Accumulation = .replace
    ) -> Bool {
        guard let integers = level.integerProducts(weight.format), x.rowCount > Self.fewRows else {
            return false
        }
        precondition(
            x.columnCount == weight.columnCount && y.columnCount == weight.rowCount
                && x.rowCount == y.rowCount)
        let threads = threads, width = 48, blocks = weight.blocks
        let format = weight.format.rawValue, hasMinimum = weight.format == .q4_1
        let xBytes = integers.byteRowBytes(blocks)
        let rounded = threads.sharedScratch(x.rowCount * xBytes)
        split(x.rowCount, grain: 16) { range, _ in
            for row in range {
                integers.roundToBytes(format, x.isBF16, x.row(row), blocks, rounded + row * xBytes)
            }
        }
        let target = y.isBF16 ? 2 : accumulation == .add ? 1 : 0
        let panelBytes = integers.bytePanelBytes(blocks)
        let cut = ProductCut(
            panels: (weight.rowCount + width - 1) / width, panelBytes: panelBytes, even: false,
            rows: x.rowCount, threads: threads.count)
        threads.run(cut.parts) { part, thread in
            let (panels, rows) = cut[part]
            let scratch = threads.scratch(thread, panels.count * panelBytes)
            for panel in panels {
                integers.packGroups(
                    format, weight.base, panel * 3, min(3, weight.groups - panel * 3), blocks,
                    scratch + (panel - panels.lowerBound) * panelBytes)
            }
            for block in cut.blocks(rows) {
                let row = block.lowerBound
                for panel in panels {
                    let first = panel * width
                    integers.sweepBytes(
                        hasMinimum, rounded + row * xBytes, blocks, block.count,
                        scratch + (panel - panels.lowerBound) * panelBytes,
                        y.row(row) + first * y.type.bytes, y.stride,
                        min(width, weight.rowCount - first), target)
                }
            }
        }
        return true
    }
}
