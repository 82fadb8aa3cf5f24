import CKernels

extension KernelLevel {
    /// Ordinary Swift, for every processor that the package is built for.
    static let portable = KernelLevel(
        label: rk_portable(), hasBF16: false,
        // Every stored format goes through the plain decoders.
        decodeStored: { _, _, _, _ in false },
        packStoredRows: { _, _, _, _, _, _, _, _, _, _ in false },
        packStoredColumns: { _, _, _, _, _, _, _, _, _, _, _, _ in false },
        transposed: { Portable.transposed($0, $1, $2, $3, $4, $5, $6, $7) },
        sweep: { Portable.sweep($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) },
        outer: { Portable.outer($0, $1, $2, $3, $4, $5, $6, $7, $8, $9) },
        narrow: { source, target, count in
            for i in 0..<count { Portable.put(true, source[i], target, i) }
        },
        widen: { source, target, count in
            for i in 0..<count { target[i] = Portable.get(true, source, i) }
        },
        addScaled: { scale, x, y, count in for i in 0..<count { y[i] += scale * x[i] } },
        dot: { bf16, a, b, count in
            (0..<count).reduce(0) {
                $0 + Portable.get(bf16, a, $1) * Portable.get(bf16, b, $1)
            }
        },
        sumOfSquares: { Portable.sumOfSquares($0, $1) },
        rmsNorm: { Portable.rmsNorm($0, $1, $2, $3, $4, $5) },
        rmsNormBackward: { Portable.rmsNormBackward($0, $1, $2, $3, $4, $5) },
        gatedSiLU: { Portable.gatedSiLU($0, $1, $2, $3, $4) },
        gatedSiLUBackward: { Portable.gatedSiLUBackward($0, $1, $2, $3, $4, $5, $6, $7) },
        rotate: { Portable.rotate($0, $1, $2, $3, $4, $5, $6) },
        logOfSum: { Portable.logSumExp($0, $1, $2) },
        softmax: { Portable.softmax($0, $1, $2, $3, $4, $5, $6) },
        addSoftmax: { Portable.addSoftmax($0, $1, $2, $3, $4, $5) },
        attentionWeights: {
            Portable.attentionWeights($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        },
        attentionGradients: {
            Portable.attentionGradients(
                $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        },
        adamW: { Portable.adamW($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) },
        adamW8Bit: {
            Portable.adamW8Bit(
                $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        },
        attendCached: {
            Portable.attendCached($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        })
}
