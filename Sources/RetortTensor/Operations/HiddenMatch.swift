import RetortKernels

/// Distance of a student's hidden states from its teacher's.
///
/// Input: hidden states `[tokens, columns]`, projected to the teacher's width where theirs differs.
/// Outputs: the loss `[1, 1]`, `scale` times the sum over the tokens that count, and `[1, tokens that
/// count]`, the distance of each.
public struct HiddenMatch: Operation {
    let teacher: Tensor
    let tokens: [Int]
    let distance: HiddenDistance
    let scale: Float

    /// Creates the operation.
    ///
    /// - Parameters:
    ///   - teacher: The teacher's hidden states, a row per token of the batch.
    ///   - tokens: The tokens that count.
    ///   - distance: The measure.
    ///   - scale: One over the step's count of such tokens, times the loss's weight.
    public init(teacher: Tensor, tokens: [Int], distance: HiddenDistance, scale: Float) {
        self.teacher = teacher
        self.tokens = tokens
        self.distance = distance
        self.scale = scale
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Tensor
    ) {
        guard let student = inputs[0] else { preconditionFailure("hidden states are always there") }
        precondition(
            student.columnCount == teacher.columnCount && student.rowCount == teacher.rowCount
                && tokens.allSatisfy { $0 >= 0 && $0 < student.rowCount },
            "a teacher's hidden state for every token, of the same width")
        func chosen(_ tensor: Tensor) -> Tensor {
            workspace.converted(workspace.rows(of: tensor, tokens[...]), to: .float32)
        }
        let own = chosen(student), other = chosen(teacher)
        let losses = workspace.zeros(1, tokens.count)
        let gradient = workspace.tensor(tokens.count, student.columnCount)
        unsafe workspace.kernels.hiddenDistance(
            own.rows, other.rows, distance, scale: scale, losses: losses.floats,
            gradient: gradient.rows)
        let total = workspace.tensor(
            [Float(losses.sum(ofRow: 0) * Double(scale))], rows: 1, columns: 1)
        return ([total, losses], gradient)
    }

    /// See ``Operation``; the loss's own gradient is a factor, usually 1.
    public func backward(
        _ gradients: [Tensor?], saved: Tensor, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let factor = gradients[0]?[0, 0], inputs.needs(0) else { return }
        let all = workspace.zeros(teacher.rowCount, saved.columnCount)
        workspace.kernels.placeRows(saved.rows, tokens[...], into: all.rows)
        inputs.add(workspace.scaled(all, by: factor), to: 0)
    }
}
