import RetortKernels

/// What a teacher says about the token that follows each of some tokens.
public enum TeacherSignal {
    /// Its final hidden states, a row per token of the batch, and its output matrix: its logits are
    /// formed beside the student's, a chunk at a time.
    case hidden(Tensor, head: Weight)
    /// Its logits, a row per token of the batch, f32.
    case logits(Tensor)
    /// What was kept of its distributions.
    case stored(SoftTargets)
}

/// How a student's distribution is compared with its teacher's.
public enum SoftLoss: Sendable, Equatable {
    /// Over the vocabulary that both share.
    case divergence(Divergence)
    /// Between sorted probabilities, for vocabularies that differ (arXiv:2402.12030).
    case ranked
    /// With the stored top of the teacher's distribution.
    case topK(TopKForm)
    /// With draws from the teacher's distribution.
    case sampled
}

/// Cross-entropy with labels mixed with a comparison with a teacher: two parts, hard and soft.
///
/// `hardScale Σ -ln q(label) + softScale Σ soft loss`, each sum over its own tokens.
public struct Distillation: LogitLoss {
    /// Tokens with a label or with a teacher's signal.
    public let tokens: [Int]
    /// Of the hard and of the soft part.
    public let scales: [Float]
    private let labels: [Int32]
    /// Per token its row of the teacher's signal, or -1.
    private let rows: [Int]
    private let signal: TeacherSignal
    private let loss: SoftLoss
    private let temperature: Float
    private let shared: VocabularyPairs
    private let softcap: Float?

    /// Creates the loss.
    ///
    /// - Parameters:
    ///   - labels: Per token of the batch the id that should follow it, or ``ignoredLabel``.
    ///   - signalRows: Per token of the batch its row in the signal, or -1.
    ///   - signal: What the teacher says.
    ///   - loss: How it is compared.
    ///   - temperature: Divides both sides' logits in the soft part.
    ///   - hardScale: Factor of the hard part's sum: `(1 - α) / labels of the step`.
    ///   - softScale: Factor of the soft part's sum: `α T² / teacher's tokens of the step`.
    ///   - shared: Which rows of the two output matrices are the same token.
    ///   - softcap: The student's logits' cap, if it has one.
    public init(
        labels: [Int32], signalRows: [Int], signal: TeacherSignal, loss: SoftLoss,
        temperature: Float, hardScale: Float, softScale: Float,
        shared: VocabularyPairs = .first(.max),
        softcap: Float? = nil
    ) {
        precondition(labels.count == signalRows.count)
        tokens = labels.indices.filter { labels[$0] != ignoredLabel || signalRows[$0] >= 0 }
        self.labels = tokens.map { labels[$0] }
        rows = tokens.map { signalRows[$0] }
        scales = [hardScale, softScale]
        self.signal = signal
        self.loss = loss
        self.temperature = temperature
        self.shared = shared
        self.softcap = softcap
    }

    /// See ``LogitLoss``.
    public var logitMatrices: Int {
        switch signal {
        case .hidden, .logits: 2
        case .stored: 1
        }
    }

    /// See ``LogitLoss``.
    public func evaluate(
        _ logits: ActivationRows, _ chunk: Range<Int>, gradient: ActivationRows?, losses: Tensor,
        in workspace: Workspace
    ) {
        let labels = Array(labels[chunk]), rows = Array(rows[chunk])
        precondition(
            labels.allSatisfy { $0 == ignoredLabel || $0 >= 0 && $0 < logits.columnCount },
            "labels within the vocabulary")
        let teacher = TeacherChunk(signal, rows, in: workspace)
        let hard = unsafe losses.floats + chunk.lowerBound
        let soft = unsafe losses.floats + tokens.count + chunk.lowerBound
        workspace.kernels.eachLogitRow(logits, softcap: softcap, gradient: gradient) {
            [loss, temperature, scales, shared] index, row in
            if labels[index] != ignoredLabel {
                unsafe hard[index] = row.crossEntropy(label: Int(labels[index]), scale: scales[0])
            }
            guard rows[index] >= 0 else { return }
            // The soft part uses the logits up and comes last.
            unsafe soft[index] = teacher.compare(
                row, index, loss, temperature, scale: scales[1], shared)
        }
    }
}

/// The teacher's side of one chunk of tokens.
private struct TeacherChunk: @unchecked Sendable {
    private let signal: TeacherSignal
    private let rows: [Int]
    /// The teacher's logits of the chunk's tokens, and which row is whose.
    private let logits: ActivationRows?
    private let logitRows: [Int]
    private let owner: LogitChunk?

    init(_ signal: TeacherSignal, _ rows: [Int], in workspace: Workspace) {
        self.signal = signal
        self.rows = rows
        let present = rows.filter { $0 >= 0 }
        var next = -1
        logitRows = rows.map {
            if $0 >= 0 { next += 1 }
            return next
        }
        switch signal {
        case .hidden(let hidden, let head):
            let memory = LogitChunk(
                rows: present.count, columns: head.rowCount, in: workspace)
            let scores = memory.rows(present.count)
            let states = workspace.rows(of: hidden, present[...])
            workspace.kernels.multiply(states.rows, head.matrix, into: scores)
            (logits, owner) = (scores, memory)
        case .logits(let all):
            let memory = LogitChunk(rows: present.count, columns: all.columnCount, in: workspace)
            let scores = memory.rows(present.count)
            workspace.kernels.selectRows(all.rows, present[...], into: scores)
            (logits, owner) = (scores, memory)
        case .stored: (logits, owner) = (nil, nil)
        }
    }

    /// The soft loss of the chunk's token `index`.
    func compare(
        _ row: LogitRow, _ index: Int, _ loss: SoftLoss, _ temperature: Float, scale: Float,
        _ shared: VocabularyPairs
    ) -> Float {
        switch (signal, loss) {
        case (.hidden, .divergence(let divergence)), (.logits, .divergence(let divergence)):
            guard let logits else { preconditionFailure("made with logits") }
            let teacher = unsafe logits.floats(logitRows[index])
            return unsafe shared.compare(row, teacher, logits.columnCount) { row, teacher in
                unsafe row.divergence(
                    from: teacher, divergence, temperature: temperature, scale: scale)
            }
        case (.hidden, .ranked), (.logits, .ranked):
            guard let logits else { preconditionFailure("made with logits") }
            return unsafe row.ranked(
                teacher: logits.floats(logitRows[index]), teacherCount: logits.columnCount,
                temperature: temperature, scale: scale)
        case (.stored(let targets), _):
            return stored(targets, rows[index], row, loss, temperature, scale)
        default: preconditionFailure("a loss that fits the signal")
        }
    }

    /// The soft loss against row `index` of what was kept.
    private func stored(
        _ targets: SoftTargets, _ index: Int, _ row: LogitRow, _ loss: SoftLoss,
        _ temperature: Float, _ scale: Float
    ) -> Float {
        switch (targets, loss) {
        case (.topK(let k, let ids, let logs, let tail), .topK(let form)):
            // Fewer than k may have been kept: ids behind the last are -1.
            let all = index * k..<(index + 1) * k
            let span = all.prefix { ids[$0] >= 0 }
            if span.isEmpty { return 0 }
            return unsafe ids.withUnsafeBufferPointer { ids in
                unsafe logs.withUnsafeBufferPointer { logs in
                    unsafe row.topK(
                        ids: UnsafeBufferPointer(rebasing: ids[span]),
                        logProbabilities: UnsafeBufferPointer(rebasing: logs[span]),
                        tailMass: tail[index], form: form, temperature: temperature, scale: scale)
                }
            }
        case (.topK(let k, _, let logs, let tail), .ranked):
            return row.ranked(
                teacher: logs[index * k..<(index + 1) * k].map(LogitRow.probability),
                tailMass: tail[index], temperature: temperature, scale: scale)
        case (.samples(let count, let ids, let weights), .sampled):
            let span = index * count..<(index + 1) * count
            return unsafe ids.withUnsafeBufferPointer { ids in
                unsafe weights.withUnsafeBufferPointer { weights in
                    unsafe row.sampled(
                        ids: UnsafeBufferPointer(rebasing: ids[span]),
                        weights: UnsafeBufferPointer(rebasing: weights[span]), scale: scale)
                }
            }
        default: preconditionFailure("a loss that fits the signal")
        }
    }
}

/// Which tokens two vocabularies share, by their places in the two output matrices.
public enum VocabularyPairs: Sendable, Equatable {
    /// The first so many rows of both; others, such as padding, are left out.
    case first(Int)
    /// The student's id and the teacher's id of every token that both have.
    case pairs(student: [Int32], teacher: [Int32])

    /// Compares the shared part of two rows; both distributions are renormalized over it.
    fileprivate func compare(
        _ row: LogitRow, _ teacher: UnsafeMutablePointer<Float>, _ teacherCount: Int,
        _ body: (LogitRow, UnsafeMutablePointer<Float>) -> Float
    ) -> Float {
        switch self {
        case .first(let count):
            return unsafe body(row.prefix(min(count, teacherCount)), teacher)
        case .pairs(let student, let teacherIDs):
            return row.gathered(student) { row in
                // Ids rise on the student's side only: the teacher's go through a copy.
                let values = teacherIDs.map { unsafe teacher[Int($0)] }
                for (place, value) in values.enumerated() { unsafe teacher[place] = value }
                return unsafe body(row, teacher)
            }
        }
    }
}
