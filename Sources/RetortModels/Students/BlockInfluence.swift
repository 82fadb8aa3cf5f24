import RetortTensor

/// How much every layer changes the residual stream: `1 − mean over tokens of cos(x, y)`, where `x`
/// goes into the layer and `y` comes out.
///
/// Source: Men et al. 2024 (ShortGPT), arXiv:2403.03853, section 2.2.
struct BlockInfluence {
    private var sums: [Double]
    private var tokens: [Int]
    private var inputs: [[Float]]

    /// Nothing measured yet.
    init(layers: Int) {
        sums = Array(repeating: 0, count: layers)
        tokens = Array(repeating: 0, count: layers)
        inputs = Array(repeating: [], count: layers)
    }

    /// A score for each layer; the larger, the more the layer does.
    var scores: [Double] { zip(sums, tokens).map { 1 - $0 / Double(max($1, 1)) } }

    /// Takes what goes into a layer.
    mutating func enter(_ layer: Int, _ x: Tensor) { inputs[layer] = x.values }

    /// Takes what comes out of it.
    mutating func leave(_ layer: Int, _ y: Tensor) {
        let width = y.columnCount, values = y.values
        for row in 0..<y.rowCount {
            let range = row * width..<(row + 1) * width
            sums[layer] += Self.cosine(inputs[layer][range], values[range])
        }
        tokens[layer] += y.rowCount
        inputs[layer] = []
    }

    /// The cosine of the angle; a token of zeros that stays one has not been turned.
    private static func cosine(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Double {
        var product = 0.0, left = 0.0, right = 0.0
        for (a, b) in zip(x, y) {
            product += Double(a) * Double(b)
            left += Double(a) * Double(a)
            right += Double(b) * Double(b)
        }
        guard left > 0, right > 0 else { return left == right ? 1 : 0 }
        return product / (left.squareRoot() * right.squareRoot())
    }
}
