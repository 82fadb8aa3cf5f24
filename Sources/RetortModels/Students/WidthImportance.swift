import RetortTensor

/// How large some activations are: `√(Σ over documents of (mean over tokens of |a|)²)` for each.
///
/// The L2 norm over the batch of means over the sequence. Source: Muralidharan et al. 2024 (Minitron),
/// arXiv:2407.14679, section 2.2 and the best practices.
struct WidthImportance {
    private var squares: [Double]

    /// Nothing measured yet.
    init(count: Int) { squares = Array(repeating: 0, count: count) }

    /// A score for each activation.
    var scores: [Double] { squares.map { $0.squareRoot() } }

    /// Takes the activations of documents that stand side by side.
    ///
    /// - Parameters:
    ///   - activations: `[tokens, count · size]`.
    ///   - documents: Their tokens.
    ///   - size: Values that count as one activation, by their L2 norm.
    mutating func add(_ activations: Tensor, _ documents: [Range<Int>], size: Int = 1) {
        let values = activations.values, width = activations.columnCount
        for document in documents where !document.isEmpty {
            var sums = [Double](repeating: 0, count: squares.count)
            for token in document {
                let start = token * width
                if size == 1 {
                    for index in sums.indices { sums[index] += Double(abs(values[start + index])) }
                } else {
                    for index in sums.indices {
                        let first = start + index * size
                        sums[index] += Self.norm(values[first..<first + size])
                    }
                }
            }
            for (index, sum) in sums.enumerated() {
                let mean = sum / Double(document.count)
                squares[index] += mean * mean
            }
        }
    }

    private static func norm(_ values: ArraySlice<Float>) -> Double {
        values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
