import RetortKernels
import RetortTensor

/// The `distillation:` section: who teaches, and how student and teacher are compared.
public struct DistillationRecipe: RecipeSection {
    /// A model on this machine that teaches while the student learns.
    public var teacher: TeacherRecipe?
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
    /// The tokens that have a soft part.
    public var tokens = TaughtTokens.supervised
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
            "loss", \.loss,
            "The soft part: a divergence of the two distributions, or `uld` across tokenizers."),
        .init(
            "temperature", \.temperature, allowed: 0.05...100,
            "Divides the logits of both sides in the soft part, which counts times its square."),
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
            "tokens", \.tokens,
            "Tokens that have a soft part: those with labels, those without, or all."),
        .init(
            "hidden_states", section: \.hiddenStates,
            "Hidden states of chosen layers that the student matches."
        ).needing(sameTokens) { $0.hiddenStates == nil || $0.loss != .uld },
        .init(
            "attention", section: \.attention,
            "Attention maps of chosen layers that the student matches."
        ).needing(sameTokens) { $0.attention == nil || $0.loss != .uld },
        .init(
            "on_policy", section: \.onPolicy,
            "Learning from what the student itself answers, scored by the teacher."
        ).needing(sameTokens) { $0.onPolicy == nil || $0.loss != .uld },
    ]

    private static let sameTokens = "left out with distillation.loss uld"

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

/// The tokens that have a soft part.
public enum TaughtTokens: String, RecipeChoice {
    /// Those that have a label.
    case supervised
    /// Those that have none.
    case unsupervised
    /// All that something follows.
    case all
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
