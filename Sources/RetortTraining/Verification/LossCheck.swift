import RetortKernels
import RetortModels
import RetortTensor

/// One loss and its gradients in f32, from given tensors, to compare with other frameworks.
package struct LossCheck {
    private let specification: LossSpecification
    private let tensors: LossTensors
    private let workspace: Workspace

    /// Prepares a check.
    ///
    /// - Parameters:
    ///   - specification: Which loss.
    ///   - tensors: Of what.
    ///   - kernels: The arithmetic.
    package init(_ specification: LossSpecification, of tensors: LossTensors, kernels: Kernels) {
        self.specification = specification
        self.tensors = tensors
        workspace = Workspace(kernels: kernels, activationType: .float32)
    }

    /// Computes loss and gradients.
    ///
    /// - Parameter path: The safetensors file to write: `loss`, and `grad_NAME` of every input.
    /// - Throws: ``LossCheckError``, and errors of writing.
    package func run(to path: String) throws {
        let results =
            switch specification.form {
            case .logits: try logits()
            case .head: try head()
            case .hidden: try hidden()
            case .attention: try attention()
            }
        try writeTensors(results, to: path)
    }

    private func input(_ name: String) throws -> Tensor {
        let found = try tensors.floats(name, rank: 2)
        return workspace.tensor(found.values, rows: found.shape[0], columns: found.shape[1])
    }

    private func loss(_ value: Tensor) -> NamedTensor { NamedTensor("loss", value, shape: [1]) }

    /// The gradient of a tape's input; zero where none came back.
    private func gradient(_ variable: Variable, _ name: String) -> NamedTensor {
        let zeros = workspace.zeros(variable.value.rowCount, variable.value.columnCount)
        return NamedTensor("grad_" + name, variable.gradient ?? zeros)
    }

    /// The chunks that a head would compute are given.
    private func logits() throws -> [NamedTensor] {
        let given = try input("student_logits")
        let labels = try tensors.labels(rows: given.rowCount, vocabulary: given.columnCount)
        let loss = try specification.logitLoss(
            labels: labels, tensors: tensors, vocabulary: given.columnCount, in: workspace)
        let losses = workspace.zeros(loss.scales.count, loss.tokens.count)
        let gradient = workspace.zeros(given.rowCount, given.columnCount)
        for chunk in loss.chunks(columns: given.columnCount) {
            let rows = workspace.rows(of: given, loss.tokens[chunk])
            let slopes = workspace.tensor(chunk.count, given.columnCount)
            loss.evaluate(rows.rows, chunk, gradient: slopes.rows, losses: losses, in: workspace)
            workspace.kernels.placeRows(slopes.rows, loss.tokens[chunk], into: gradient.rows)
        }
        return [
            self.loss(loss.total(losses, in: workspace)),
            NamedTensor("grad_student_logits", gradient),
        ]
    }

    private func head() throws -> [NamedTensor] {
        let hidden = try input("student_hidden"), weight = try input("head_weight")
        guard hidden.columnCount == weight.columnCount else {
            throw LossCheckError.badTensor(tensors.path, "head_weight")
        }
        let labels = try tensors.labels(rows: hidden.rowCount, vocabulary: weight.rowCount)
        let loss = try specification.logitLoss(
            labels: labels, tensors: tensors, vocabulary: weight.rowCount, in: workspace)
        return evaluate(loss, hidden, weight)
    }

    private func evaluate(
        _ loss: some LogitLoss, _ hidden: Tensor, _ weight: Tensor
    ) -> [NamedTensor] {
        let tape = Tape(workspace)
        let inputs = [tape.watch(hidden), tape.watch(weight)]
        let head = LossHead(weight: Weight(weight), loss: loss, wantsGradient: true)
        let value = tape.apply(head, inputs)[0]
        tape.backward(from: value)
        return [
            self.loss(value.value), gradient(inputs[0], "student_hidden"),
            gradient(inputs[1], "head_weight"),
        ]
    }

    private func hidden() throws -> [NamedTensor] {
        let student = try input("student_hidden"), teacher = try input("teacher_hidden")
        let distance = try specification.hiddenDistance()
        let labels = try tensors.labels(rows: student.rowCount, vocabulary: nil)
        let tokens = labels.indices.filter { labels[$0] != ignoredLabel }
        let tape = Tape(workspace)
        let own = tape.watch(student)
        let projection = try tensors.has("projection") ? tape.watch(input("projection")) : nil
        guard teacher.rowCount == student.rowCount,
            projection.map({
                $0.value.columnCount == student.columnCount
                    && $0.value.rowCount == teacher.columnCount
            }) ?? (teacher.columnCount == student.columnCount)
        else { throw LossCheckError.badTensor(tensors.path, "teacher_hidden") }
        let projected = projection.map { Linear(weight: Weight($0.value))(tape, own, weight: $0) }
        let match = HiddenMatch(
            teacher: teacher, tokens: tokens, distance: distance,
            scale: 1 / Float(max(tokens.count, 1)))
        let value = tape.apply(match, projected ?? own)
        tape.backward(from: value)
        return [loss(value.value), gradient(own, "student_hidden")]
            + (projection.map { [gradient($0, "projection")] } ?? [])
    }

    private func attention() throws -> [NamedTensor] {
        guard specification.loss == "attention_kl" else {
            throw LossCheckError.unknownLoss(specification.loss)
        }
        let student = try tensors.floats("student_scores", rank: 3), shape = student.shape
        let teacher = try tensors.floats("teacher_scores", shape: shape)
        let heads = shape[0], length = shape[1]
        guard shape[2] == length else {
            throw LossCheckError.badTensor(tensors.path, "student_scores")
        }
        let labels = try tensors.labels(rows: length, vocabulary: nil)
        let counted = labels.map { $0 != ignoredLabel }
        let count = Float(max(counted.count { $0 }, 1))
        let losses = workspace.zeros(1, length)
        let gradient = workspace.tensor(heads * length, length)
        for head in 0..<heads {
            func scores(_ values: [Float]) -> Tensor {
                let part = values[head * length * length..<(head + 1) * length * length]
                return workspace.tensor(Array(part), rows: length, columns: length)
            }
            let slopes = unsafe AttentionDivergence(
                counted: counted, scale: 1 / count / Float(heads), share: 1 / Float(heads)
            ).evaluate(
                scores(student.values), scores(teacher), losses: losses.floats, in: workspace)
            workspace.kernels.convert(
                slopes.rows, into: gradient.rows(head * length..<(head + 1) * length))
        }
        let total = Float(losses.sum(ofRow: 0) / Double(count))
        return [
            loss(workspace.tensor([total], rows: 1, columns: 1)),
            NamedTensor("grad_student_scores", gradient, shape: shape),
        ]
    }
}
