import RetortKernels

/// The way to compute a tensor again from others that are kept for the backward pass anyway.
///
/// What is cheap to compute, such as a norm or a gate, need not stay in memory between the passes.
/// The tensor that was computed again stays for as long as something holds this.
final class Recomputation {
    private let compute: () -> Tensor
    private var tensor: Tensor?

    /// Wraps a computation, which gives the same bits every time.
    init(_ compute: @escaping () -> Tensor) { self.compute = compute }

    fileprivate func load() -> Tensor {
        if let tensor { return tensor }
        let result = compute()
        tensor = result
        return result
    }
}

/// What the backward pass will read of a tensor: the tensor, or the way to compute it again.
public struct SavedTensor {
    private let tensor: Tensor?
    private let recomputation: Recomputation?
    let rowCount, columnCount: Int

    init(_ tensor: Tensor) {
        self.init(tensor, tensor.recomputation)
    }

    private init(_ tensor: Tensor, _ recomputation: Recomputation?) {
        self.recomputation = recomputation
        self.tensor = recomputation == nil ? tensor : nil
        rowCount = tensor.rowCount
        columnCount = tensor.columnCount
    }

    /// Keeps an f32 tensor rounded to another type.
    init(_ tensor: Tensor, as type: ElementType, in workspace: Workspace) {
        guard type != tensor.type else {
            self.init(tensor)
            return
        }
        let rounded = workspace.copy(tensor, as: type)
        self.init(tensor, Recomputation { workspace.copy(rounded, as: .float32) })
    }

    /// The tensor's values.
    func load() -> Tensor {
        guard let tensor = tensor ?? recomputation?.load() else {
            preconditionFailure("a saved tensor is there or can be computed")
        }
        return tensor
    }
}
