#if arch(x86_64) || arch(arm64)
    import CKernels

    /// A storage format of weights, read 32 values at a time.
    protocol Format {
        /// Bytes of 32 values.
        static var bytes: Int { get }
        static func decode(_ block: UnsafeRawPointer) -> (low: Floats, high: Floats)
    }

    extension Format {
        /// 32 values as bf16, in order.
        @inline(__always) static func decodeBF16(_ block: UnsafeRawPointer) -> Words {
            let (low, high) = decode(block)
            return rk_pack_bf16(low, high)
        }
    }

    enum F32Format: Format {
        @inline(__always) static var bytes: Int { 128 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            (load(block), load(block + 64))
        }
    }

    enum F16Format: Format {
        @inline(__always) static var bytes: Int { 64 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            (rk_from_f16(block), rk_from_f16(block + 32))
        }
    }

    enum BF16Format: Format {
        @inline(__always) static var bytes: Int { 64 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            (rk_from_bf16(block), rk_from_bf16(block + 32))
        }
        @inline(__always) static func decodeBF16(_ block: UnsafeRawPointer) -> Words {
            block.loadUnaligned(as: Words.self)
        }
    }

    /// f16 scale, 16 bytes of nibbles: `scale * (q - 8)`; low nibbles are the first 16 values.
    enum Q4_0Format: Format {
        @inline(__always) static var bytes: Int { 18 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            let scale = rk_broadcast_f16(block)
            let eight = Floats(repeating: 8)
            return (
                (rk_low_nibbles(block + 2) - eight) * scale,
                (rk_high_nibbles(block + 2) - eight) * scale
            )
        }
    }

    /// f16 scale, f16 minimum, 16 bytes of nibbles: `scale * q + minimum`.
    enum Q4_1Format: Format {
        @inline(__always) static var bytes: Int { 20 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            let scale = rk_broadcast_f16(block)
            let minimum = rk_broadcast_f16(block + 2)
            return (
                rk_fma(rk_low_nibbles(block + 4), scale, minimum),
                rk_fma(rk_high_nibbles(block + 4), scale, minimum)
            )
        }
    }

    /// f16 scale, 32 signed bytes: `scale * q`.
    enum Q8_0Format: Format {
        @inline(__always) static var bytes: Int { 34 }
        @inline(__always) static func decode(_ block: UnsafeRawPointer) -> (
            low: Floats, high: Floats
        ) {
            let scale = rk_broadcast_f16(block)
            return (rk_from_i8(block + 2) * scale, rk_from_i8(block + 18) * scale)
        }
    }

    /// Copies the last, short block of a row of floats into `space` and returns where it can be read
    /// whole; the values behind the row's end are zero.
    @inline(__always)
    func shortBlock(
        _ block: UnsafeRawPointer, values: Int, bytesOf32: Int, _ space: UnsafeMutableRawPointer
    ) -> UnsafeRawPointer {
        space.initializeMemory(as: UInt8.self, repeating: 0, count: bytesOf32)
        space.copyMemory(from: block, byteCount: bytesOf32 / 32 * values)
        return UnsafeRawPointer(space)
    }

    @inline(__always)
    private func decodeRow<F: Format>(
        _: F.Type, _ row: UnsafeRawPointer, _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count / 32 {
            let (low, high) = F.decode(row + block * F.bytes)
            store(low, out + block * 32)
            store(high, out + block * 32 + 16)
        }
        let rest = count % 32
        guard rest > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 64) { space in
            let from = shortBlock(
                row + count / 32 * F.bytes, values: rest, bytesOf32: F.bytes,
                space.baseAddress.unsafelyUnwrapped)
            let (low, high) = F.decode(from)
            let end = out + (count - rest)
            rk_store_first(end, low, Int32(min(rest, 16)))
            if rest > 16 { rk_store_first(end + 16, high, Int32(rest - 16)) }
        }
    }

    /// Widens one stored row of `count` values to f32.
    public func decodeRow(
        _ format: UInt32, _ row: UnsafeRawPointer, _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) -> Bool {
        switch format {
        case 0: decodeRow(F32Format.self, row, count, out)
        case 1: decodeRow(F16Format.self, row, count, out)
        case 2: decodeRow(Q4_0Format.self, row, count, out)
        case 3: decodeRow(Q4_1Format.self, row, count, out)
        case 8: decodeRow(Q8_0Format.self, row, count, out)
        case 30: decodeRow(BF16Format.self, row, count, out)
        default: return false
        }
        return true
    }
#endif
