import RetortFiles
import RetortKernels
import RetortTensor

/// Which loss `retort verify loss` computes: `{"loss", "form", "params"}`.
package struct LossSpecification {
    /// What tensors the loss is computed from.
    package enum Form: String, CaseIterable {
        case logits, head, hidden, attention
    }

    package let loss: String
    package let form: Form
    private let parameters: JSONObject

    /// Reads a specification.
    ///
    /// - Parameter text: A JSON object.
    /// - Throws: ``LossCheckError``, or ``JSONError``.
    package init(_ text: String) throws {
        let value = try JSONParser.parse(Array(text.utf8))
        guard let loss = value["loss"]?.string else { throw LossCheckError.badKey("loss") }
        guard let form = value["form"]?.string.flatMap(Form.init) else {
            throw LossCheckError.badKey("form")
        }
        self.loss = loss
        self.form = form
        parameters = value["params"]?.object ?? JSONObject()
    }

    /// A number of `params`.
    private func number(_ key: String, _ allowed: ClosedRange<Float>, default value: Float? = nil)
        throws(LossCheckError) -> Float
    {
        guard let found = parameters[key] else {
            guard let value else { throw .badKey("params." + key) }
            return value
        }
        guard let number = found.double.map({ Float($0) }), allowed.contains(number) else {
            throw .badKey("params." + key)
        }
        return number
    }

    private func temperature() throws(LossCheckError) -> Float {
        try number("temperature", 1e-3...1e3, default: 1)
    }

    /// The cap of the logits in the head form.
    package func softcap() throws(LossCheckError) -> Float? {
        parameters["softcap"] == nil ? nil : try number("softcap", 1e-3...1e6)
    }

    /// The distance in the hidden form.
    package func hiddenDistance() throws(LossCheckError) -> HiddenDistance {
        switch loss {
        case "hidden_mse": .mse
        case "hidden_cosine": .cosine
        default: throw .unknownLoss(loss)
        }
    }

    /// The loss of logits, over the rows that have a label.
    ///
    /// - Parameters:
    ///   - labels: Per row.
    ///   - tensors: The case's tensors.
    ///   - vocabulary: The student's.
    ///   - workspace: Memory and kernels.
    /// - Returns: The loss, divided by the count of labelled rows.
    /// - Throws: ``LossCheckError``.
    package func logitLoss(
        labels: [Int32], tensors: LossTensors, vocabulary: Int, in workspace: Workspace
    ) throws -> any LogitLoss {
        let supervised = labels.count { $0 != ignoredLabel }
        let scale = 1 / Float(max(supervised, 1))
        switch loss {
        case "cross_entropy":
            return CrossEntropy(labels: labels, scale: scale, softcap: try softcap())
        case "label_smoothing":
            return CrossEntropy(
                labels: labels, scale: scale, smoothing: try number("epsilon", 0...1),
                softcap: try softcap())
        case "z_loss":
            return ZLoss(
                labels: labels, scale: scale, coefficient: try number("coefficient", 0...1e6))
        default: break
        }
        let temperature = try temperature(), square = temperature * temperature
        let mix: (hard: Float, soft: Float) =
            switch loss {
            case "hinton":
                (1 - (try number("alpha", 0...1)), try number("alpha", 0...1) * square)
            case "uld": (try number("ce_weight", 0...1e6, default: 0), 1)
            default: (0, parameters["times_t_squared"]?.bool == true ? square : 1)
            }
        let (signal, soft) = try comparison(tensors, rows: labels.count, vocabulary, in: workspace)
        return Distillation(
            labels: labels, signalRows: labels.indices.map { labels[$0] == ignoredLabel ? -1 : $0 },
            signal: signal, loss: soft, temperature: temperature, hardScale: mix.hard * scale,
            softScale: mix.soft * scale, softcap: try softcap())
    }

    private func comparison(
        _ tensors: LossTensors, rows: Int, _ vocabulary: Int, in workspace: Workspace
    ) throws -> (TeacherSignal, SoftLoss) {
        func logits() throws -> TeacherSignal {
            let values = try tensors.floats("teacher_logits", rank: 2)
            guard values.shape[0] == rows, loss == "uld" || values.shape[1] == vocabulary else {
                throw LossCheckError.badTensor(tensors.path, "teacher_logits")
            }
            return .logits(
                workspace.tensor(values.values, rows: rows, columns: values.shape[1]))
        }
        let form: TopKForm? =
            switch loss {
            case "topk_tail": .tail
            case "topk_renormalized": .renormalized
            case "topk_renormalized_both": .renormalizedBoth
            default: nil
            }
        if form == nil, loss != "sampled" {
            return (try logits(), loss == "uld" ? .ranked : .divergence(try divergence()))
        }
        let (ids, width) = try tensors.ids("teacher_ids", rows: rows, vocabulary: vocabulary)
        guard let form else {
            let weights = try tensors.floats("teacher_weights", shape: [rows, width])
            return (.stored(.samples(count: width, ids: ids, weights: weights)), .sampled)
        }
        let stored = SoftTargets.topK(
            k: width, ids: ids,
            logProbabilities: try tensors.floats("teacher_logprobs", shape: [rows, width]),
            tailMass: form == .tail
                ? try tensors.floats("teacher_tail_mass", shape: [rows])
                : Array(repeating: 0, count: rows))
        return (.stored(stored), .topK(form))
    }

    private func divergence() throws(LossCheckError) -> Divergence {
        let inside: ClosedRange<Float> = 1e-6...(1 - 1e-6)
        switch loss {
        case "forward_kl", "hinton": return .forwardKL
        case "reverse_kl": return .reverseKL
        case "generalized_jsd": return .generalizedJSD(beta: try number("beta", inside))
        case "skew_forward_kl": return .skewForwardKL(lambda: try number("lambda", inside))
        case "skew_reverse_kl": return .skewReverseKL(lambda: try number("lambda", inside))
        case "total_variation": return .totalVariation
        default: throw .unknownLoss(loss)
        }
    }
}

/// Why a loss cannot be computed from a file.
package enum LossCheckError: Error, Equatable, CustomStringConvertible {
    /// A key of the specification is missing or has no meaning.
    case badKey(String)
    /// There is no such loss in this form.
    case unknownLoss(String)
    /// A tensor is missing or has the wrong type, shape or values.
    case badTensor(String, String)

    package var description: String {
        switch self {
        case .badKey(let key):
            "--spec: \(key) is missing or has a value without meaning there."
        case .unknownLoss(let name):
            "--spec: there is no loss called \(name.printable) in this form."
        case .badTensor(let path, let name):
            "\(path): the tensor \(name) is missing, or its type, shape or values do not fit."
        }
    }
}
