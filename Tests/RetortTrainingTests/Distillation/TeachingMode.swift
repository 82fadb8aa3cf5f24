import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

/// The ways in which a student is taught.
enum TeachingMode: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case otherTeacher, otherTeacherOfAdapter, own, ownOfAdapter, keptLayers
    case reverseKL, generalizedJSD, skewForwardKL, skewReverseKL
    case unsupervised, all
    case storedTop, storedTopRenormalized, storedTopRenormalizedBoth, storedSamples, storedAlone
    case acrossTokenizers, acrossTokenizersStored
    case hiddenStates, hiddenStatesProjected, attention, onPolicy, everything

    var testDescription: String { rawValue }

    /// Those that differ in more than the measure of two distributions.
    static let ways = allCases.filter {
        ![
            .reverseKL, .generalizedJSD, .skewForwardKL, .skewReverseKL,
            .storedTopRenormalizedBoth,
        ].contains($0)
    }

    /// Whether the loss has kinks, at which difference quotients are not slopes.
    var hasKinks: Bool { self == .acrossTokenizers || self == .acrossTokenizersStored }

    /// The sections of its recipe; writes the models and files that it needs.
    func sections(_ work: DistillationWork) throws -> [String] {
        let tiny = DistillationWork.tiny
        let adapter = "adapter: {rank: 2, dropout: 0.1}"
        func student(_ path: String) -> String { "model: {path: \(path)}" }
        func small() throws -> String { student(try work.model("student")) }
        func taught(_ keys: String, by teacher: String = tiny) -> String {
            "distillation: {teacher: {path: \(teacher)}, alpha: 0.4, \(keys)}"
        }
        func stored(_ path: String, _ keys: String = "temperature: 1") -> String {
            "distillation: {targets: \(path), alpha: 0.4, \(keys)}"
        }
        switch self {
        case .otherTeacher: return [try small(), taught("temperature: 2")]
        case .otherTeacherOfAdapter:
            let teacher = try work.model("teacher", seed: 9)
            return [student(tiny), adapter, taught("temperature: 2", by: teacher)]
        case .own: return [student(tiny), taught("temperature: 2")]
        case .ownOfAdapter: return [student(tiny), adapter, taught("temperature: 1")]
        case .keptLayers:
            return [
                "model: {path: \(tiny), initialize: {keep_layers: 1}}", taught("temperature: 2"),
            ]
        case .reverseKL: return [try small(), taught("loss: reverse_kl")]
        case .generalizedJSD:
            return [try small(), taught("loss: generalized_jsd, beta: 0.3, temperature: 2")]
        case .skewForwardKL: return [try small(), taught("loss: skew_forward_kl, lambda: 0.2")]
        case .skewReverseKL: return [try small(), taught("loss: skew_reverse_kl")]
        case .unsupervised:
            return [student(tiny), adapter, taught("tokens: unsupervised, temperature: 1")]
        case .all: return [try small(), taught("tokens: all, temperature: 2")]
        case .storedTop: return [try small(), stored(try work.targets(tiny, .topK(16)))]
        case .storedTopRenormalized, .storedTopRenormalizedBoth:
            let form = self == .storedTopRenormalized ? "renormalized" : "renormalized_both"
            return [
                try small(),
                stored(
                    try work.targets(tiny, .topK(16), tokens: .all),
                    "temperature: 2, top_k: \(form)"),
            ]
        case .storedSamples:
            let mode = SoftTargetMode.samples(count: 12, power: 0.8, seed: 4)
            return [student(tiny), adapter, stored(try work.targets(tiny, mode))]
        case .storedAlone:
            return [
                try small(), stored(try work.targets(tiny, .topK(16), tokens: .unsupervised)),
                "data: {packing: false}",
            ]
        case .acrossTokenizers:
            let teacher = try work.foreignModel("teacher")
            return [try small(), taught("loss: uld, temperature: 2", by: teacher)]
        case .acrossTokenizersStored:
            let teacher = try work.foreignModel("teacher")
            let path = try work.targets(teacher, .topK(16))
            return [try small(), stored(path, "loss: uld")]
        case .hiddenStates:
            let teacher = try work.model("teacher", seed: 9)
            return [
                try small(),
                taught("temperature: 2, hidden_states: {weight: 0.7}", by: teacher),
            ]
        case .hiddenStatesProjected:
            return [
                student(try work.model("student", Self.deep)),
                taught("temperature: 2, hidden_states: {weight: 0.7, loss: cosine}"),
            ]
        case .attention:
            return [
                student(try work.model("student", Self.deep)),
                taught("temperature: 2, attention: {weight: 3, layers: [[1, 1], [3, 2]]}"),
            ]
        case .onPolicy:
            return [
                try small(),
                taught(
                    "temperature: 2, on_policy: {fraction: 0.6, max_tokens: 9, temperature: 0.1}"),
            ]
        case .everything:
            return [
                student(tiny), adapter,
                taught(
                    "loss: reverse_kl, temperature: 2, tokens: all, "
                        + "hidden_states: {layers: [[0, 0], [2, 2]]}, attention: {weight: 3}, "
                        + "on_policy: {fraction: 0.5, max_tokens: 5}",
                    by: try work.model("teacher", Self.deep)),
            ]
        }
    }

    /// Another depth than the tiny model's.
    private static var deep: TinyModel {
        var sizes = DistillationWork.small
        sizes.layers = 3
        return sizes
    }
}
