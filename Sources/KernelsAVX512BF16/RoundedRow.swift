#if arch(x86_64)
    import CKernels

    // Activations for products of whole numbers: a row is cut into blocks of 32, each rounded with a scale
    // of its own.

    /// The whole numbers that values are rounded to.
    protocol Rounding: SendableMetatype {
        /// The largest of them.
        static var largest: Float { get }
        /// Bytes of a block.
        static var blockBytes: Int { get }
        /// Stores the first 16 numbers of a block and the last.
        static func store(_ first: Words, _ last: Words, _ to: UnsafeMutableRawPointer)
    }

    /// To signed bytes.
    enum ByteRounding: Rounding {
        @inline(__always) static var largest: Float { 127 }
        @inline(__always) static var blockBytes: Int { 32 }
        @inline(__always)
        static func store(_ first: Words, _ last: Words, _ to: UnsafeMutableRawPointer) {
            rk_store_as_bytes(to, first)
            rk_store_as_bytes(to + 16, last)
        }
    }

    /// To words of 16 bits, of which the upper bytes are stored and then the lower ones, all signed.
    enum WordRounding: Rounding {
        @inline(__always) static var largest: Float { 127 * 256 + 127 }
        @inline(__always) static var blockBytes: Int { 64 }
        @inline(__always)
        static func store(_ first: Words, _ last: Words, _ to: UnsafeMutableRawPointer) {
            rk_store_split(to, to + 32, first)
            rk_store_split(to + 16, to + 48, last)
        }
    }

    /// Where the parts of a rounded row are: the numbers, then for every block its scale, what its sums
    /// begin at, and its sum times its scale.
    struct RoundedRow<R: Rounding> {
        let blocks: Int

        @inline(__always) var scales: Int { blocks * R.blockBytes }
        @inline(__always) var starts: Int { scales + blocks * 4 }
        @inline(__always) var sums: Int { scales + blocks * 8 }
        @inline(__always) var bytes: Int { (scales + blocks * 12 + 63) / 64 * 64 }
    }

    @inline(__always)
    private func round<R: Rounding, A: Activation>(
        _: R.Type, _: A.Type, _ zero: Int32, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutableRawPointer
    ) {
        let row = RoundedRow<R>(blocks: blocks)
        for block in 0..<blocks {
            let from = x + block * 32 * A.bytes
            let low = A.load(from), high = A.load(from + 16 * A.bytes)
            let top = rk_largest_magnitude(low, high)
            // Not finite: the scale is not, and what it multiplies is 0 or NaN.
            let inverse = Floats(repeating: top > 0 ? R.largest / top : 0)
            let a = rk_to_i32(low * inverse), b = rk_to_i32(high * inverse)
            R.store(a, b, out + block * R.blockBytes)
            let sum = rk_sum_i32(rk_add_i32(a, b)), scale = top / R.largest
            let at = out + block * 4
            at.storeBytes(of: scale, toByteOffset: row.scales, as: Float.self)
            at.storeBytes(of: -zero &* sum, toByteOffset: row.starts, as: Int32.self)
            at.storeBytes(of: scale * Float(sum), toByteOffset: row.sums, as: Float.self)
        }
    }

    @inline(__always)
    private func round<R: Rounding>(
        _: R.Type, _ format: UInt32, _ bf16: Bool, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutableRawPointer
    ) {
        bf16
            ? round(R.self, BFloat16.self, zeroByte(format), x, blocks, out)
            : round(R.self, Float32.self, zeroByte(format), x, blocks, out)
    }

    /// Bytes that ``roundToBytes`` writes for a row of whole blocks.
    public func byteRowBytes(blocks: Int) -> Int { RoundedRow<ByteRounding>(blocks: blocks).bytes }

    /// Bytes that ``roundToWords`` writes for a row of whole blocks.
    public func wordRowBytes(blocks: Int) -> Int { RoundedRow<WordRounding>(blocks: blocks).bytes }

    /// Rounds a row of activations to bytes for products with blocks of a format (GGML's number).
    public func roundToBytes(
        _ format: UInt32, bf16: Bool, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutableRawPointer
    ) {
        round(ByteRounding.self, format, bf16, x, blocks, out)
    }

    /// Rounds a row of activations to words for products with blocks of a format (GGML's number).
    public func roundToWords(
        _ format: UInt32, bf16: Bool, _ x: UnsafeRawPointer, _ blocks: Int,
        _ out: UnsafeMutableRawPointer
    ) {
        round(WordRounding.self, format, bf16, x, blocks, out)
    }
#endif
