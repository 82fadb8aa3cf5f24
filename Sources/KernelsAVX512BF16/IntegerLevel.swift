#if arch(x86_64)
    import CKernels

    /// The products of whole numbers of this module: those of AVX-512 VNNI.
    public let integerProducts = IntegerProducts(
        wordRowBytes: wordRowBytes, roundToWords: roundToWords, dotGroups: dotGroups,
        byteRowBytes: byteRowBytes, bytePanelBytes: bytePanelBytes, roundToBytes: roundToBytes,
        packGroups: packGroups, sweepBytes: sweepBytes)
#endif
