import RetortKernels
import RetortTensor

/// The `distillation:` section: who teaches, and how student and teacher are compared.
public struct DistillationRecipe: RecipeSection {
    /// A model on this machine that teaches while the student learns.
    public var teacher: TeacherRecipe?
    /// A file of soft targets, instead of a teacher.
    public var targets: String?
    /// A teacher behind an endpoint, instead of one on this machine.
    public var endpoint: EndpointRecipe?
    /// The measure of the soft part.
    public var loss = SoftLossName.forwardKL
    /// Divides the logits of both sides in the soft part.
    public var temperature = 1.0
    /// Weight of the soft part; the labels have the rest.
    public var alpha = 0.5
    /// The teacher's weight in the mixture of `generalized_jsd`.
    public var beta = 0.5
    /// The share of the own distribution in the mixtures of the skewed divergences.
    public var lambda = 0.1
    /// How a stored top of the teacher's distribution is met.
    public var topK = TopKName.tail
    /// The tokens that have a soft part.
    public var tokens = DistilledTokens.supervised
    /// Hidden states to match; nil for none.
    public var hiddenStates: HiddenStatesRecipe?
    /// Attention maps to match; nil for none.
    public var attention: AttentionRecipe?
    /// How the student's own answers are learned from; nil for not at all.
    public var onPolicy: OnPolicyRecipe?

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init("teacher", section: \.teacher, "A model on this machine that teaches."),
        .init(
            input: "targets", \.targets,
            "A file of soft targets, as `retort cache-targets` writes it."
        ).insteadOf("teacher").needing("made for distillation.loss forward_kl or uld") {
            $0.targets == nil || $0.loss == .forwardKL || $0.loss == .uld
        },
        .init(
            "endpoint", section: \.endpoint,
            "A teacher that answers over the network, in the protocol of OpenAI."
        ).needing("the only teacher, with distillation.loss forward_kl") {
            $0.endpoint == nil || $0.teacher == nil && $0.targets == nil && $0.loss == .forwardKL
        },
        .init(
            "loss", \.loss,
            "The soft part: a divergence of the two distributions, or `uld` across tokenizers."),
        .init(
            "temperature", \.temperature, allowed: 0.05...100,
            "Divides the logits of both sides in the soft part, which counts times its square."
        ).needing(
            "1 without a distillation.teacher, unless distillation.top_k is renormalized"
        ) {
            $0.teacher != nil || $0.temperature == 1 || $0.topK != .tail && $0.loss != .uld
        },
        .init(
            "alpha", \.alpha, allowed: 0...1,
            "Weight of the soft part: alpha T² soft + (1 - alpha) cross-entropy."),
        .init(
            "beta", \.beta, allowed: 0.001...0.999, "The teacher's weight in the mixture."
        ).only(if: "distillation.loss is generalized_jsd") { $0.loss == .generalizedJSD },
        .init(
            "lambda", \.lambda, allowed: 0.001...0.999,
            "Share of the distribution that is compared in the mixture it is compared with."
        ).only(if: "distillation.loss is skew_forward_kl or skew_reverse_kl") {
            $0.loss == .skewForwardKL || $0.loss == .skewReverseKL
        },
        .init(
            "top_k", \.topK,
            """
            How a stored top of the teacher's distribution is met: `tail` compares all other \
            tokens in one piece (at temperature 1), `renormalized` leaves them out of the \
            teacher's side, `renormalized_both` of both sides.
            """
        ).only(if: "distillation.targets or endpoint is given, with distillation.loss forward_kl") {
            $0.targets != nil && $0.loss != .uld || $0.endpoint != nil
        },
        .init(
            "tokens", \.tokens,
            "Tokens that have a soft part: those with labels, those without, or all."
        ).only(if: "distillation.teacher is given") { $0.teacher != nil }.needing(
            "supervised with distillation.loss uld"
        ) { $0.loss != .uld || $0.tokens == .supervised },
        .init(
            "hidden_states", section: \.hiddenStates,
            "Hidden states of chosen layers that the student matches."
        ).needing(liveTeacher) { $0.hiddenStates == nil || $0.isLiveAndAligned },
        .init(
            "attention", section: \.attention,
            "Attention maps of chosen layers that the student matches."
        ).needing(liveTeacher) { $0.attention == nil || $0.isLiveAndAligned },
        .init(
            "on_policy", section: \.onPolicy,
            "Learning from what the student itself answers, scored by the teacher."
        ).needing(liveTeacher) { $0.onPolicy == nil || $0.isLiveAndAligned },
    ]

    private static let liveTeacher =
        "left out unless there is a distillation.teacher and distillation.loss is not uld"

    private var isLiveAndAligned: Bool { teacher != nil && loss != .uld }

    /// The divergence; nil for ``SoftLossName/uld``.
    var divergence: Divergence? {
        switch loss {
        case .forwardKL: .forwardKL
        case .reverseKL: .reverseKL
        case .generalizedJSD: .generalizedJSD(beta: Float(beta))
        case .skewForwardKL: .skewForwardKL(lambda: Float(lambda))
        case .skewReverseKL: .skewReverseKL(lambda: Float(lambda))
        case .totalVariation: .totalVariation
        case .uld: nil
        }
    }
}

/// The measure of the soft part.
public enum SoftLossName: String, RecipeChoice {
    /// KL(teacher ‖ student).
    case forwardKL = "forward_kl"
    /// KL(student ‖ teacher).
    case reverseKL = "reverse_kl"
    /// Both against their mixture.
    case generalizedJSD = "generalized_jsd"
    /// KL(teacher ‖ mixture).
    case skewForwardKL = "skew_forward_kl"
    /// KL(student ‖ mixture).
    case skewReverseKL = "skew_reverse_kl"
    /// Half the sum of differences.
    case totalVariation = "total_variation"
    /// Universal logit distillation, for other tokenizers.
    case uld
}

/// How a stored top of a teacher's distribution is met.
public enum TopKName: String, RecipeChoice {
    /// All other tokens are compared in one piece.
    case tail
    /// The teacher's other tokens are left out.
    case renormalized
    /// Other tokens are left out on both sides.
    case renormalizedBoth = "renormalized_both"

    var form: TopKForm {
        switch self {
        case .tail: .tail
        case .renormalized: .renormalized
        case .renormalizedBoth: .renormalizedBoth
        }
    }
}

/// The `distillation.teacher:` section.
public struct TeacherRecipe: RecipeSection {
    /// A GGUF file, a Hugging Face folder, or a run folder.
    public var path = ""

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            input: "path", \.path, isRequired: true,
            "A GGUF file, a Hugging Face folder, or a run folder; the student's own is shared.")
    ]
}

/// The `distillation.hidden_states:` section.
public struct HiddenStatesRecipe: RecipeSection {
    /// Weight of this part of the loss.
    public var weight = 0.1
    /// Which layers are compared.
    public var layers = MatchedLayers.uniform
    /// The distance.
    public var loss = HiddenDistance.mse

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init("weight", \.weight, allowed: 0...1e6, "Weight of this part of the loss."),
        .init("layers", \.layers, MatchedLayers.meaning),
        .init("loss", \.loss, "Mean squared difference, or one minus the cosine."),
    ]
}

extension HiddenDistance: RecipeChoice {}

/// The `distillation.attention:` section.
public struct AttentionRecipe: RecipeSection {
    /// Weight of this part of the loss.
    public var weight = 0.1
    /// Which layers are compared.
    public var layers = MatchedLayers.last

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init("weight", \.weight, allowed: 0...1e6, "Weight of this part of the loss."),
        .init("layers", \.layers, MatchedLayers.meaning),
    ]
}

/// The `distillation.on_policy:` section (GKD, arXiv:2306.13649).
public struct OnPolicyRecipe: RecipeSection {
    /// Share of the examples that the student answers itself.
    public var fraction = 0.5
    /// Most tokens of an answer.
    public var maxTokens = 64
    /// Temperature of the student's sampling.
    public var temperature = 1.0

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "fraction", \.fraction, allowed: 0...1,
            "Share of the examples whose answer is replaced by the student's own."),
        .init("max_tokens", \.maxTokens, allowed: 1...65_536, "Most tokens of such an answer."),
        .init(
            "temperature", \.temperature, allowed: 0.05...100,
            "Temperature at which the student answers."),
    ]
}
