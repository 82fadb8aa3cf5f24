#if arch(x86_64) || arch(arm64)
    import CKernels

    /// The functions of this module.
    public let level = KernelLevel(
        label: Processor.name, hasBF16: Processor.hasBF16, decodeStored: decodeRow,
        packStoredRows: packRows, packStoredColumns: packColumns, transposed: transposed,
        sweep: sweep, outer: outer, narrow: narrow, widen: widen, addScaled: addScaled, dot: dot,
        sumOfSquares: sumOfSquares, rmsNorm: rmsNorm,
        rmsNormBackward: rmsNormBackward, gatedSiLU: gatedSiLU,
        gatedSiLUBackward: gatedSiLUBackward, rotate: rotate, logOfSum: logSumExp,
        softmax: softmax, addSoftmax: addSoftmax, attentionWeights: attentionWeights,
        attentionGradients: attentionGradients, adamW: adamW, adamW8Bit: adamW8Bit,
        attendCached: attendCached)
#endif
