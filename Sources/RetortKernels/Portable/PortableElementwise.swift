import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Portable {
    @inline(__always)
    static func get(_ bf16: Bool, _ base: UnsafeRawPointer, _ i: Int) -> Float {
        bf16
            ? float(bfloat16: (base + 2 * i).load(as: UInt16.self))
            : (base + 4 * i).load(as: Float.self)
    }

    @inline(__always)
    static func put(_ bf16: Bool, _ value: Float, _ base: UnsafeMutableRawPointer, _ i: Int) {
        if bf16 {
            (base + 2 * i).storeBytes(of: bfloat16(value), as: UInt16.self)
        } else {
            (base + 4 * i).storeBytes(of: value, as: Float.self)
        }
    }

    static func sumOfSquares(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum: Float = 0
        for i in 0..<count { sum += x[i] * x[i] }
        return sum
    }

    static func rmsNorm(
        _ bf16: Bool, _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) -> Float {
        let inverse = 1 / (sumOfSquares(x, count) / Float(count) + epsilon).squareRoot()
        for i in 0..<count { put(bf16, x[i] * inverse * weight[i], out, i) }
        return inverse
    }

    static func rmsNormBackward(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
        _ inverse: Float, _ dx: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        var sum: Float = 0
        for i in 0..<count { sum += dy[i] * weight[i] * x[i] }
        let mean = sum / Float(count) * inverse * inverse * inverse
        for i in 0..<count { dx[i] += dy[i] * weight[i] * inverse - x[i] * mean }
    }

    static func gatedSiLU(
        _ bf16: Bool, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer,
        _ out: UnsafeMutableRawPointer, _ count: Int
    ) {
        for i in 0..<count {
            let g = get(bf16, gate, i)
            put(bf16, g / (1 + expf(-g)) * get(bf16, up, i), out, i)
        }
    }

    static func gatedSiLUBackward(
        _ bf16: Bool, _ dyBF16: Bool, _ dy: UnsafeRawPointer, _ gate: UnsafeRawPointer,
        _ up: UnsafeRawPointer, _ dgate: UnsafeMutableRawPointer, _ dup: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        for i in 0..<count {
            let g = get(bf16, gate, i), sigmoid = 1 / (1 + expf(-g)), d = get(dyBF16, dy, i)
            put(bf16, d * g * sigmoid, dup, i)
            put(bf16, d * get(bf16, up, i) * sigmoid * (1 + g * (1 - sigmoid)), dgate, i)
        }
    }

    static func rotate(
        _ bf16: Bool, _ x: UnsafeRawPointer, _ cosine: UnsafePointer<Float>,
        _ sine: UnsafePointer<Float>, _ sign: Float, _ half: Int, _ out: UnsafeMutableRawPointer
    ) {
        for i in 0..<half {
            let a = get(bf16, x, i), b = get(bf16, x, i + half)
            put(bf16, a * cosine[i] - b * sine[i] * sign, out, i)
            put(bf16, a * sine[i] * sign + b * cosine[i], out, i + half)
        }
    }

    static func logSumExp(
        _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float
    ) -> rk_log_sum {
        var top = -Float.infinity
        for i in 0..<count { top = max(top, x[i]) }
        if !top.isFinite { return rk_log_sum(top: top, logSum: 0) }
        // A vocabulary is long enough for a single sum of f32 to drift.
        var sum = 0.0
        for i in 0..<count { sum += Double(expf((x[i] - top) * scale)) }
        return rk_log_sum(top: top, logSum: rk_log(Float(sum)))
    }

    static func softmax(
        _ bf16: Bool, _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ sum: rk_log_sum,
        _ factor: Float, _ out: UnsafeMutableRawPointer
    ) {
        for i in 0..<count {
            put(bf16, factor * expf((x[i] - sum.top) * scale - sum.logSum), out, i)
        }
    }

    static func addSoftmax(
        _ x: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ sum: rk_log_sum,
        _ factor: Float, _ out: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { out[i] += factor * expf((x[i] - sum.top) * scale - sum.logSum) }
    }

    static func attendCached(
        _ bf16: Bool, _ q: UnsafeRawPointer, _ heads: Int, _ keys: UnsafeRawPointer,
        _ keyStride: Int, _ values: UnsafeRawPointer, _ valueStride: Int, _ count: Int,
        _ size: Int, _ scale: Float, _ weights: UnsafeMutablePointer<Float>,
        _ out: UnsafeMutablePointer<Float>, _ logSums: UnsafeMutablePointer<Float>
    ) {
        for head in 0..<heads {
            let row = weights + head * count
            for key in 0..<count {
                row[key] = 0
                for i in 0..<size {
                    row[key] += get(bf16, q, head * size + i) * get(bf16, keys + key * keyStride, i)
                }
            }
            var top = -Float.infinity
            for key in 0..<count { top = max(top, row[key]) }
            var sum: Float = 0
            for key in 0..<count {
                row[key] = expf((row[key] - top) * scale)
                sum += row[key]
            }
            for key in 0..<count { row[key] /= sum }
            logSums[head] = top * scale + rk_log(sum)
            for i in 0..<size {
                out[head * size + i] = (0..<count).reduce(0) {
                    $0 + row[$1] * get(bf16, values + $1 * valueStride, i)
                }
            }
        }
    }

    static func adamW(
        _ p: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>,
        _ v: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ gradientScale: Float,
        _ beta1: Float, _ beta2: Float, _ keep: Float, _ rate: Float, _ correction2: Float,
        _ epsilon: Float, _ count: Int
    ) {
        for i in 0..<count {
            let g = gradient[i] * gradientScale
            m[i] = m[i] * beta1 + g * (1 - beta1)
            v[i] = v[i] * beta2 + g * g * (1 - beta2)
            p[i] = p[i] * keep - rate * m[i] / (v[i].squareRoot() * correction2 + epsilon)
        }
    }
}
