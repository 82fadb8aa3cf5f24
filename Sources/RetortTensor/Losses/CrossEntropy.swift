import RetortKernels

/// Next-token cross-entropy over the supervised tokens.
public struct CrossEntropy: LogitLoss {
    /// The supervised tokens.
    public let tokens: [Int]
    /// One over the step's count of them.
    public let scales: [Float]
    private let labels: [Int32]
    private let smoothing: Float
    private let softcap: Float?

    /// Creates the loss.
    ///
    /// - Parameters:
    ///   - labels: Per token the id that should follow it, or ``ignoredLabel``.
    ///   - scale: One over the step's count of supervised tokens.
    ///   - smoothing: Share of the target that is spread evenly over the vocabulary.
    ///   - softcap: The logits' cap, if the model has one.
    public init(labels: [Int32], scale: Float, smoothing: Float = 0, softcap: Float? = nil) {
        tokens = labels.indices.filter { labels[$0] != ignoredLabel }
        self.labels = tokens.map { labels[$0] }
        scales = [scale]
        self.smoothing = smoothing
        self.softcap = softcap
    }

    /// See ``LogitLoss``.
    public func evaluate(
        _ logits: ActivationRows, _ chunk: Range<Int>, gradient: ActivationRows?, losses: Tensor,
        in workspace: Workspace
    ) {
        let labels = Array(labels[chunk]), scale = scales[0]
        precondition(
            labels.allSatisfy { $0 >= 0 && $0 < logits.columnCount }, "labels within the vocabulary"
        )
        let target = unsafe losses.floats + chunk.lowerBound
        if smoothing == 0, softcap == nil {
            unsafe workspace.kernels.crossEntropy(
                logits, labels: labels, scale: scale, losses: target, gradient: gradient)
            return
        }
        workspace.kernels.eachLogitRow(logits, softcap: softcap, gradient: gradient) {
            [smoothing] index, row in
            unsafe target[index] = row.crossEntropy(
                label: Int(labels[index]), smoothing: smoothing, scale: scale)
        }
    }
}

/// The squared log of the sum of exponentials over the supervised tokens, which keeps logits from
/// drifting (z-loss, arXiv:2204.02311).
public struct ZLoss: LogitLoss {
    /// The supervised tokens.
    public let tokens: [Int]
    /// One over the step's count of them.
    public let scales: [Float]
    private let coefficient: Float

    /// Creates the loss.
    ///
    /// - Parameters:
    ///   - labels: Per token the id that should follow it, or ``ignoredLabel``; a mask here.
    ///   - scale: One over the step's count of supervised tokens.
    ///   - coefficient: Factor of the square.
    public init(labels: [Int32], scale: Float, coefficient: Float) {
        tokens = labels.indices.filter { labels[$0] != ignoredLabel }
        scales = [scale]
        self.coefficient = coefficient
    }

    /// See ``LogitLoss``.
    public func evaluate(
        _ logits: ActivationRows, _ chunk: Range<Int>, gradient: ActivationRows?, losses: Tensor,
        in workspace: Workspace
    ) {
        let target = unsafe losses.floats + chunk.lowerBound
        workspace.kernels.eachLogitRow(logits, gradient: gradient) {
            [coefficient, scales] index, row in
            unsafe target[index] = row.squaredLogSum(coefficient: coefficient, scale: scales[0])
        }
    }
}
