import RetortKernels

/// A linear layer: `y = x Wᵀ (+ bias) (+ residual) (+ scale · dropout(x) Aᵀ Bᵀ)`.
///
/// W may be frozen in any storage format or trained in f32; the low-rank part is LoRA
/// (arXiv:2106.09685). Inputs by position: see ``Input``. Output: f32 where it joins the residual
/// stream, else the workspace's activation type.
public struct Linear: Operation {
    /// Positions of the inputs; all but `x` may be absent.
    enum Input {
        static let x = 0, residual = 1, weight = 2, bias = 3, a = 4, b = 5
    }

    let weight: Weight
    let adapterScale: Float
    let dropout: Dropout?
    /// What a profile calls the adapter's own products; `u Bᵀ` and `du A` are one with W's.
    private static let adapterName = "Linear, adapter"
    let generation: Generation?

    /// How a layer is computed when generating, where nothing will be differentiated.
    public struct Generation {
        let rounding: GenerationRounding
        let interleaved: InterleavedMatrix?

        /// Describes it.
        ///
        /// - Parameters:
        ///   - rounding: How x is read; in bytes only where there is no adapter.
        ///   - interleaved: A copy of the weight.
        package init(_ rounding: GenerationRounding, _ interleaved: InterleavedMatrix?) {
            self.rounding = rounding
            self.interleaved = interleaved
        }
    }

    /// Dropout before A: probability and the random stream of this place in this step.
    public struct Dropout {
        let probability: Float
        let key: PhiloxKey

        /// Describes a dropout.
        public init(probability: Float, key: PhiloxKey) {
            self.probability = probability
            self.key = key
        }
    }

    /// Creates the operation.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`; where it is trained, its parameter is an input too.
    ///   - adapterScale: `alpha / rank` or what the adapter's kind says.
    ///   - dropout: Applied to what A reads.
    ///   - generation: How it is computed when generating.
    public init(
        weight: Weight, adapterScale: Float = 1, dropout: Dropout? = nil,
        generation: Generation? = nil
    ) {
        self.weight = weight
        self.adapterScale = adapterScale
        self.dropout = dropout
        self.generation = generation
    }

    /// What backward reads.
    public struct Saved {
        let x: SavedTensor
        let trainedWeight: Tensor?
        let adapter: Adapter?
    }

    /// The low-rank part as the forward pass computed it.
    struct Adapter {
        let a, b: Tensor
        /// `scale * dropout(x) Aᵀ`, `[tokens, rank]`.
        let u: Tensor
    }

    /// See ``Operation``.
    public func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (
        outputs: [Tensor], saved: Saved
    ) {
        guard let x = inputs[Input.x] else { preconditionFailure("x is always there") }
        let kernels = workspace.kernels
        let matrix = inputs[Input.weight]?.matrix ?? weight.matrix
        check(inputs, x, matrix)
        let adapter = adapter(x, inputs[Input.a], inputs[Input.b], in: workspace)
        let lowRank = adapter.map { ($0.u.rows, $0.b.matrix) }
        let y: Tensor
        if let residual = inputs[Input.residual] {
            y = workspace.copy(residual)
        } else {
            y = workspace.tensor(x.rowCount, matrix.rowCount, workspace.activationType)
        }
        let accumulation = inputs[Input.residual] == nil ? Accumulation.replace : .add
        if !generate(inputs, x, matrix, lowRank, y, accumulation, kernels) {
            kernels.multiply(x.rows, matrix, lowRank: lowRank, into: y.rows, accumulation)
        }
        if let bias = inputs[Input.bias] { unsafe kernels.addBias(bias.floats, to: y.rows) }
        return (
            [y], Saved(x: SavedTensor(x), trainedWeight: inputs[Input.weight], adapter: adapter)
        )
    }

    /// Computes the products in a way that is only for generating; returns whether there is one.
    private func generate(
        _ inputs: [Tensor?], _ x: Tensor, _ matrix: StoredMatrix,
        _ lowRank: (ActivationRows, StoredMatrix)?, _ y: Tensor, _ accumulation: Accumulation,
        _ kernels: Kernels
    ) -> Bool {
        guard let generation else { return false }
        let interleaved = inputs[Input.weight] == nil ? generation.interleaved : nil
        let product = RowProduct(matrix, interleaved, lowRank: lowRank, into: y.rows, accumulation)
        if kernels.multiplyFewRows(x.rows, [product]) { return true }
        guard generation.rounding == .bytes, lowRank == nil, let interleaved else { return false }
        return kernels.multiplyInBytes(x.rows, interleaved, into: y.rows, accumulation)
    }

    /// The kernels do not look: they are compiled without checks.
    private func check(_ inputs: [Tensor?], _ x: Tensor, _ matrix: StoredMatrix) {
        func fits(_ tensor: Tensor?, _ rows: Int, _ columns: Int) -> Bool {
            guard let tensor else { return true }
            return tensor.rowCount == rows && tensor.columnCount == columns
                && tensor.type == .float32
        }
        let outputs = matrix.rowCount, rank = inputs[Input.a]?.rowCount ?? 0
        precondition(
            x.columnCount == matrix.columnCount
                && fits(inputs[Input.residual], x.rowCount, outputs)
                && fits(inputs[Input.bias], 1, outputs)
                && fits(inputs[Input.a], rank, x.columnCount)
                && fits(inputs[Input.b], outputs, rank), "the inputs have the matrix's sizes")
    }

    private func adapter(_ x: Tensor, _ a: Tensor?, _ b: Tensor?, in workspace: Workspace)
        -> Adapter?
    {
        guard let a, let b else { return nil }
        return workspace.profiled(Self.adapterName) {
            let wide = workspace.tensor(x.rowCount, a.rowCount)
            workspace.kernels.multiply(dropped(x, in: workspace).rows, a.matrix, into: wide.rows)
            let u = workspace.converted(workspace.scaled(wide, by: adapterScale), to: x.type)
            return Adapter(a: a, b: b, u: u)
        }
    }

    private func dropped(_ x: Tensor, in workspace: Workspace) -> Tensor {
        guard let dropout else { return x }
        let out = workspace.tensor(x.rowCount, x.columnCount, x.type)
        workspace.kernels.dropout(
            x.rows, probability: dropout.probability, key: dropout.key, into: out.rows)
        return out
    }

    /// See ``Operation``.
    public func backward(
        _ gradients: [Tensor?], saved: Saved, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let dy = gradients[0] else { return }
        let kernels = workspace.kernels, x = saved.x
        let operand = workspace.converted(dy, to: workspace.activationType)

        var du: Tensor?
        if let adapter = saved.adapter {
            du = workspace.profiled(Self.adapterName) {
                let wide = workspace.tensor(x.rowCount, adapter.a.rowCount)
                kernels.multiplyBack(operand.rows, adapter.b.matrix, into: wide.rows, .replace)
                let du = workspace.converted(
                    workspace.scaled(wide, by: adapterScale), to: workspace.activationType)
                adapterBackward(du, operand, adapter, x, into: inputs, in: workspace)
                return du
            }
        }
        let matrix = saved.trainedWeight?.matrix ?? weight.matrix
        let isRounded = dropout == nil && Kernels.sumsAtOnce(matrix.rowCount, operand.type)
        if let (dx, accumulation) = inputs.target(
            Input.x, rows: x.rowCount, columns: x.columnCount,
            ifAlone: isRounded ? workspace.activationType : .float32)
        {
            if let du, let adapter = saved.adapter, let dropout {
                kernels.multiplyBack(operand.rows, matrix, into: dx.rows, accumulation)
                let low = workspace.tensor(x.rowCount, x.columnCount)
                kernels.multiplyBack(du.rows, adapter.a.matrix, into: low.rows, .replace)
                kernels.dropout(
                    low.rows, probability: dropout.probability, key: dropout.key, into: dx.rows,
                    .add)
            } else {
                let lowRank = du.flatMap { du in saved.adapter.map { (du.rows, $0.a.matrix) } }
                kernels.multiplyBack(
                    operand.rows, matrix, lowRank: lowRank, into: dx.rows, accumulation)
            }
        }
        if inputs.needs(Input.weight), let trained = saved.trainedWeight {
            let left = workspace.transposed(dy.rows)
            if let (dw, accumulation) = inputs.target(
                Input.weight, rows: trained.rowCount, columns: trained.columnCount)
            {
                kernels.multiplyOuter(left.rows, x.load().rows, into: dw.rows, accumulation)
            }
        }
        if let db = inputs.sum(Input.bias, rows: 1, columns: dy.columnCount) {
            let wide = workspace.converted(dy, to: .float32)
            unsafe kernels.sumRows(wide.rows, into: db.floats)
        }
        inputs.add(dy, to: Input.residual)
    }

    /// `dA = duᵀ · dropout(x)`, `dB = dyᵀ · u`, where du and u hold the scale.
    private func adapterBackward(
        _ du: Tensor, _ dy: Tensor, _ adapter: Adapter, _ x: SavedTensor,
        into inputs: InputGradients,
        in workspace: Workspace
    ) {
        let kernels = workspace.kernels, rank = adapter.a.rowCount
        if let (da, accumulation) = inputs.target(Input.a, rows: rank, columns: x.columnCount) {
            let read = dropped(x.load(), in: workspace)
            kernels.multiplyOuter(narrow: du.rows, read.rows, into: da.rows, accumulation)
        }
        if let db = inputs.sum(Input.b, rows: adapter.b.rowCount, columns: rank) {
            let turned = workspace.tensor(rank, dy.columnCount)
            kernels.multiplyOuter(narrow: adapter.u.rows, dy.rows, into: turned.rows, .replace)
            kernels.addTransposed(turned.rows, into: db.rows)
        }
    }
}

extension Linear {
    /// Applies the layer; inputs that are absent are nil.
    package func callAsFunction(
        _ tape: Tape, _ x: Variable, residual: Variable? = nil, weight: Variable? = nil,
        bias: Variable? = nil, a: Variable? = nil, b: Variable? = nil
    ) -> Variable {
        tape.apply(self, x, residual, weight, bias, a, b)
    }
}
