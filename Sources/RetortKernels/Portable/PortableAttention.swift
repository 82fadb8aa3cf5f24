import Glibc

extension Portable {
    /// Products of rows with a panel of 48 columns.
    private static func products(
        _ bf16: Bool, _ a: UnsafeRawPointer, _ stride: Int, _ words: Int, _ rows: Int,
        _ panel: UnsafeRawPointer
    ) -> [Float] {
        var out = [Float](repeating: 0, count: rows * 48)
        out.withUnsafeMutableBytes {
            if let base = $0.baseAddress {
                sweep(bf16, 3, a, stride, words, nil, 0, 0, rows, panel, base, 48, 48, 0)
            }
        }
        return out
    }

    /// Where a row's value stands in a panel of 48 columns that the reduction runs down.
    private static func place(_ bf16: Bool, _ row: Int, _ column: Int) -> Int {
        bf16 ? (row / 2 * 48 + column) * 2 + row % 2 : row * 48 + column
    }

    static func attentionWeights(
        _ bf16: Bool, _ keys: UnsafeRawPointer, _ keyStride: Int, _ words: Int, _ rows: Int,
        _ queries: UnsafeRawPointer, _ distance: Int, _ window: Int, _ scale: Float,
        _ reference: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ weights: UnsafeMutableRawPointer
    ) {
        let scores = products(bf16, keys, keyStride, words, rows, queries)
        for row in 0..<rows {
            for column in 0..<48 {
                let isSeen = (0..<window).contains(distance + column - row)
                let weight =
                    isSeen ? exp2f(scores[row * 48 + column] * scale - reference[column]) : 0
                sums[column] += weight
                put(bf16, weight, weights, place(bf16, row, column))
                if bf16, row == rows - 1, row % 2 == 0 {
                    put(true, 0, weights, place(true, row + 1, column))
                }
            }
        }
    }

    static func attentionGradients(
        _ bf16: Bool, _ queries: UnsafeRawPointer, _ queryStride: Int, _ dout: UnsafeRawPointer,
        _ doutStride: Int, _ words: Int, _ rows: Int, _ keys: UnsafeRawPointer,
        _ values: UnsafeRawPointer, _ distance: Int, _ window: Int, _ scale: Float,
        _ gradientScale: Float, _ logSums: UnsafePointer<Float>, _ means: UnsafePointer<Float>,
        _ weights: UnsafeMutableRawPointer, _ gradients: UnsafeMutableRawPointer,
        _ gradientRows: UnsafeMutableRawPointer, _ rowStride: Int
    ) {
        let scores = products(bf16, queries, queryStride, words, rows, keys)
        let slopes = products(bf16, dout, doutStride, words, rows, values)
        for row in 0..<rows {
            for column in 0..<48 {
                let isSeen = (0..<window).contains(distance + row - column)
                let at = row * 48 + column
                let weight = isSeen ? exp2f(scores[at] * scale - logSums[row]) : 0
                let gradient = isSeen ? weight * (slopes[at] * gradientScale - means[row]) : 0
                put(bf16, weight, weights, place(bf16, row, column))
                put(bf16, gradient, gradients, place(bf16, row, column))
                put(bf16, gradient, gradientRows + row * rowStride, column)
                if bf16, row == rows - 1, row % 2 == 0 {
                    put(true, 0, weights, place(true, row + 1, column))
                    put(true, 0, gradients, place(true, row + 1, column))
                }
            }
        }
    }
}
