import RetortKernels

/// Where the gradient of one variable gathers: f32, but for one that a single operation gives, which
/// may be of the activation type.
public final class GradientSlot {
    /// The gradient so far; nil is zero.
    public var gradient: Tensor?
    /// How often operations read the variable: so many gradients are added.
    var readers = 0

    init() {}
}

/// A tensor that an operation made or takes, and the place of its gradient if it has one.
///
/// The tape keeps only the slots; the value is released as soon as no operation has saved it.
public struct Variable {
    /// The value.
    public let value: Tensor
    let slot: GradientSlot?

    /// A constant: no gradient is computed for it.
    public init(constant value: Tensor) {
        self.value = value
        slot = nil
    }

    init(value: Tensor, slot: GradientSlot?) {
        self.value = value
        self.slot = slot
    }

    /// Whether a gradient flows to it.
    public var needsGradient: Bool { slot != nil }
    /// The gradient, after the backward pass.
    public var gradient: Tensor? { slot?.gradient }
}

/// A trained tensor: its value changes in place at every optimizer step.
public final class Parameter {
    /// Its name in the model or adapter.
    public let name: String
    /// The value, f32.
    public let value: Tensor
    /// The dimensions that files give it: a vector is one row here and has one dimension there.
    public let shape: [Int]
    /// The gradient, gathered over the micro-batches of a step.
    public let slot = GradientSlot()

    /// Wraps a value.
    public init(name: String, value: Tensor, isVector: Bool = false) {
        precondition(value.type == .float32 && (!isVector || value.rowCount == 1))
        self.name = name
        self.value = value
        shape = isVector ? [value.columnCount] : [value.rowCount, value.columnCount]
    }

    /// The parameter as an input of operations.
    public var variable: Variable { Variable(value: value, slot: slot) }
}

/// A differentiable operation on tensors.
///
/// A new operation is one type: its settings are stored properties, `forward` computes outputs and
/// says what `backward` will need, `backward` adds to the gradients of the inputs that ask for one.
public protocol Operation {
    /// What the backward pass reads.
    associatedtype Saved

    /// Computes the outputs.
    ///
    /// - Parameters:
    ///   - inputs: One per position; nil where an optional input is absent.
    ///   - workspace: Memory and kernels.
    /// - Returns: The outputs and what backward needs.
    func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (outputs: [Tensor], saved: Saved)

    /// Makes what backward reads smaller, where backward will follow.
    ///
    /// - Parameters:
    ///   - saved: What forward saved.
    ///   - workspace: Memory and kernels.
    /// - Returns: What is kept of it until then; all of it, if the operation does not say.
    func kept(_ saved: Saved, in workspace: Workspace) -> Saved

    /// Computes the first output again, where that is cheaper than keeping it for those who read it.
    ///
    /// - Parameters:
    ///   - saved: What is kept.
    ///   - workspace: Memory and kernels.
    /// - Returns: The output; nil, if the operation does not say, where it has to be kept.
    func recomputation(_ saved: Saved, in workspace: Workspace) -> (() -> Tensor)?

    /// Adds to the inputs' gradients.
    ///
    /// - Parameters:
    ///   - gradients: Of the outputs, f32 or the activation type; nil where an output was not used.
    ///   - saved: What forward saved.
    ///   - inputs: Where the inputs' gradients gather.
    ///   - workspace: Memory and kernels.
    func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace)
}

extension Operation {
    /// Keeps all.
    public func kept(_ saved: Saved, in workspace: Workspace) -> Saved { saved }

    /// The output has to be kept.
    public func recomputation(_ saved: Saved, in workspace: Workspace) -> (() -> Tensor)? { nil }
}

/// The gradients that an operation's backward pass adds to.
public struct InputGradients {
    let slots: [GradientSlot?]
    let workspace: Workspace

    /// Whether input `index` wants a gradient.
    public func needs(_ index: Int) -> Bool { slots[index] != nil }

    /// Adds a whole tensor, which the caller gives away.
    public func add(_ gradient: Tensor, to index: Int) {
        guard let slot = slots[index] else { return }
        guard let present = wide(slot) else {
            slot.gradient = gradient
            return
        }
        let more = workspace.converted(gradient, to: .float32)
        unsafe workspace.kernels.addScaled(1, more.floats, to: present.floats, count: more.count)
    }

    /// The tensor that products write, and whether they replace or add.
    ///
    /// - Parameters:
    ///   - index: The input.
    ///   - rows: Its rows.
    ///   - columns: Its columns.
    ///   - type: What a gradient is stored as to which nothing else is added.
    /// - Returns: The tensor; nil if the input wants no gradient.
    package func target(
        _ index: Int, rows: Int, columns: Int, ifAlone type: ElementType = .float32
    ) -> (Tensor, Accumulation)? {
        guard let slot = slots[index] else { return nil }
        if let present = wide(slot) { return (present, .add) }
        let fresh = workspace.tensor(rows, columns, slot.readers == 1 ? type : .float32)
        slot.gradient = fresh
        return (fresh, .replace)
    }

    /// The tensor to add to, zero at first.
    package func sum(_ index: Int, rows: Int, columns: Int) -> Tensor? {
        guard let slot = slots[index] else { return nil }
        if let present = wide(slot) { return present }
        let fresh = workspace.zeros(rows, columns)
        slot.gradient = fresh
        return fresh
    }

    /// What a slot holds so far, as f32 to add to.
    private func wide(_ slot: GradientSlot) -> Tensor? {
        slot.gradient = slot.gradient.map { workspace.converted($0, to: .float32) }
        return slot.gradient
    }
}

/// Records operations as they run and walks them backward.
public final class Tape {
    /// Memory and kernels.
    public let workspace: Workspace
    /// Whether backward can follow; without, nothing is saved.
    public let isRecording: Bool
    private var steps: [() -> Void] = []

    /// Starts an empty tape.
    public init(_ workspace: Workspace, isRecording: Bool = true) {
        self.workspace = workspace
        self.isRecording = isRecording
    }

    /// Runs an operation and records it if a gradient flows to any input.
    public func apply<Applied: Operation>(
        _ operation: Applied, _ inputs: [Variable?]
    ) -> [Variable] {
        guard isRecording, inputs.contains(where: { $0?.slot != nil }) else {
            let outputs = workspace.profiled(Applied.name) {
                operation.forward(inputs.map { $0?.value }, in: workspace).outputs
            }
            return outputs.map { Variable(constant: $0) }
        }
        let slots = inputs.map { $0?.slot }
        for slot in slots { slot?.readers += 1 }
        var (outputs, saved) = workspace.profiled(Applied.name) {
            let (outputs, saved) = operation.forward(inputs.map { $0?.value }, in: workspace)
            return (outputs, operation.kept(saved, in: workspace))
        }
        if let compute = operation.recomputation(saved, in: workspace) {
            outputs[0] = outputs[0].recomputable(compute)
        }
        let outputSlots = outputs.map { _ in GradientSlot() }
        steps.append { [workspace, saved] in
            let gradients = outputSlots.map(\.gradient)
            for slot in outputSlots { slot.gradient = nil }
            guard gradients.contains(where: { $0 != nil }) else { return }
            workspace.profiled(Applied.name) {
                operation.backward(
                    gradients, saved: saved,
                    into: InputGradients(slots: slots, workspace: workspace), in: workspace)
            }
        }
        return zip(outputs, outputSlots).map { Variable(value: $0, slot: $1) }
    }

    /// Runs an operation with one output.
    public func apply(_ operation: some Operation, _ inputs: Variable?...) -> Variable {
        apply(operation, inputs)[0]
    }

    /// Runs a piece of the model without saving anything, and again when backward comes to it.
    ///
    /// - Parameters:
    ///   - input: What the piece reads besides parameters.
    ///   - body: The piece, which must compute the same both times.
    /// - Returns: The piece's output.
    public func checkpoint(
        _ input: Variable, _ body: @escaping (Tape, Variable) -> Variable
    ) -> Variable {
        guard isRecording else { return body(self, input) }
        let output = body(Tape(workspace, isRecording: false), Variable(constant: input.value))
        let slot = GradientSlot()
        input.slot?.readers += 1
        steps.append { [workspace] in
            guard let gradient = slot.gradient else { return }
            slot.gradient = nil
            let tape = Tape(workspace)
            let leaf = Variable(
                value: input.value, slot: input.needsGradient ? GradientSlot() : nil)
            let again = workspace.profiled(pass: .recomputation) { body(tape, leaf) }
            again.slot?.gradient = gradient
            tape.backward()
            if let own = leaf.gradient {
                InputGradients(slots: [input.slot], workspace: workspace).add(own, to: 0)
            }
        }
        return Variable(value: output.value, slot: slot)
    }

    /// A variable with a slot of its own, whose gradient can be read after the backward pass.
    package func watch(_ value: Tensor) -> Variable {
        Variable(value: value, slot: isRecording ? GradientSlot() : nil)
    }

    /// Walks back from a loss, whose gradient is 1; the tape is empty afterwards.
    public func backward(from loss: Variable) { backward(from: [loss]) }

    /// Walks back from the sum of some losses; the tape is empty afterwards.
    public func backward(from losses: [Variable]) {
        for loss in losses {
            loss.slot?.gradient = workspace.tensor([1], rows: 1, columns: 1)
        }
        backward()
    }

    private func backward() {
        workspace.profiled(pass: .backward) {
            while let step = steps.popLast() { step() }
        }
    }
}
