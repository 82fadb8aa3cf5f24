import RetortFiles

/// The `optimizer:` section.
public struct OptimizerRecipe: RecipeSection {
    /// The update rule.
    public var name = OptimizerName.adamw
    /// The peak rate, after warm-up.
    public var learningRate = 1e-3
    /// With AdamW decoupled from the gradient and times the rate (arXiv:1711.05101), with SGD added
    /// to the gradient.
    public var weightDecay = 0.01
    /// Parts of the names of tensors without weight decay.
    public var noDecay: [String] = []
    /// AdamW's decay rates of the moments.
    public var betas = MomentDecay(0.9, 0.999)
    /// AdamW's addition to the root of the second moment.
    public var epsilon = 1e-8
    /// How much of SGD's last update carries over.
    public var momentum = 0.0
    /// Whether SGD looks ahead along its momentum.
    public var nesterov = false

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "name", \.name,
            "The update rule: AdamW (arXiv:1711.05101), with state in f32 or in 8 bits, or SGD with "
                + "momentum."),
        .init("learning_rate", \.learningRate, allowed: 0...1, "Peak rate, after warm-up."),
        .init(
            "weight_decay", \.weightDecay, allowed: 0...1,
            "Decay of every trained tensor: decoupled with AdamW, added to the gradient with sgd."),
        .init(
            "no_decay", \.noDecay,
            "Parts of names, as in [norm, bias]: tensors that have one get no weight decay."),
        .init("betas", \.betas, "Decay rates of the first and second moment.").only(if: isAdamW) {
            $0.name != .sgd
        },
        .init(
            "epsilon", \.epsilon, allowed: .leastNonzeroMagnitude...1,
            "Added to the root of the second moment."
        ).only(if: isAdamW) { $0.name != .sgd },
        .init("momentum", \.momentum, allowed: 0..<1, "Part of the last update that carries over.")
            .only(if: isSGD) { $0.name == .sgd },
        .init("nesterov", \.nesterov, "Whether the update looks ahead along the momentum.")
            .only(if: isSGD) { $0.name == .sgd }
            .needing("false unless optimizer.momentum is above 0") {
                !$0.nesterov || $0.momentum > 0
            },
    ]

    private static let isAdamW = "optimizer.name is adamw or adamw_8bit"
    private static let isSGD = "optimizer.name is sgd"
}

/// An update rule.
public enum OptimizerName: String, RecipeChoice {
    /// Adam with decoupled weight decay.
    case adamw
    /// The same with moments in 8 bits, two bytes of state for a weight instead of eight.
    case adamw8Bit = "adamw_8bit"
    /// Stochastic gradient descent with momentum.
    case sgd
}

/// How fast AdamW forgets: the decay rates of the gradient's first and second moment.
public struct MomentDecay: RecipeValue {
    /// That of the mean.
    public var first: Double
    /// That of the mean square.
    public var second: Double

    /// Creates a pair.
    public init(_ first: Double, _ second: Double) {
        self.first = first
        self.second = second
    }

    /// What a recipe may say.
    public static var expectation: String {
        "a list of two numbers, each at least 0 and below 1"
    }

    /// Reads a list of two rates.
    public init?(recipe node: YAMLNode) {
        guard let rates = [Double](recipe: node), rates.count == 2,
            rates.allSatisfy((0..<1).contains)
        else { return nil }
        self.init(rates[0], rates[1])
    }

    /// The list.
    public var recipeNode: YAMLNode { [first, second].recipeNode }
}
