import RetortKernels

/// The gate of a feed-forward block, `silu(gate) * up`.
///
/// Source: arXiv:2002.05202. Inputs: gate, up, of the activation type.
public struct GatedSiLU: Operation {
    /// Creates the operation.
    public init() {}

    /// What backward reads.
    public struct Saved {
        let gate, up: Tensor
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let gate = inputs[0], let up = inputs[1] else { preconditionFailure("two inputs") }
        precondition(
            gate.type == up.type && gate.rowCount == up.rowCount
                && gate.columnCount == up.columnCount, "gate and up are alike")
        return ([gated(gate, up, in: workspace)], Saved(gate: gate, up: up))
    }

    /// The gate again.
    public func recomputation(_ saved: Saved, in workspace: Workspace) -> (() -> Tensor)? {
        { gated(saved.gate, saved.up, in: workspace) }
    }

    private func gated(_ gate: Tensor, _ up: Tensor, in workspace: Workspace) -> Tensor {
        let out = workspace.tensor(gate.rowCount, gate.columnCount, gate.type)
        unsafe workspace.kernels.gatedSiLU(
            gate.type, gate: gate.buffer.base, up: up.buffer.base, into: out.buffer.base,
            count: gate.storedCount)
        return out
    }

    /// See ``Operation``.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let dy = gradients[0] else { return }
        let gate = saved.gate
        // Of the activation type: the products that read them would round them anyway.
        let dgate = workspace.tensor(gate.rowCount, gate.columnCount, gate.type)
        let dup = workspace.tensor(gate.rowCount, gate.columnCount, gate.type)
        // f32 has no padding: where rows of bf16 have some, they go one by one.
        let isDense = gate.stride == dy.stride
        let count = isDense ? gate.storedCount : gate.columnCount
        for row in 0..<(isDense ? 1 : gate.rowCount) {
            let at = row * gate.stride * gate.type.bytes
            unsafe workspace.kernels.gatedSiLUBack(
                gate.type, dy.buffer.base + row * dy.stride * dy.type.bytes, dy.type,
                gate: gate.buffer.base + at, up: saved.up.buffer.base + at,
                dgate: dgate.buffer.base + at, dup: dup.buffer.base + at, count: count)
        }
        inputs.add(dgate, to: 0)
        inputs.add(dup, to: 1)
    }
}
