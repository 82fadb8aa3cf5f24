import RetortFiles

/// What `metrics.jsonl` says of one step.
public struct StepMetrics: Sendable, Equatable {
    /// The step, from 1.
    public var step: Int
    /// The epoch, from 1.
    public var epoch: Int
    /// Mean loss over the supervised tokens, nats.
    public var loss: Double
    /// What the loss is made of, before weighting; empty where it is one piece.
    public var lossParts: [LossPart] = []
    /// L2 norm of the gradient before clipping.
    public var gradientNorm: Double
    /// The rate of this step.
    public var learningRate: Double
    /// Tokens of the step.
    public var tokens: Int
    /// Tokens that count in the loss.
    public var supervisedTokens: Int
    /// Time of the step.
    public var seconds: Double

    /// Tokens per second.
    public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }

    var json: JSONValue {
        .object(
            JSONObject(
                [
                    ("step", .integer(step)), ("epoch", .integer(epoch)), ("loss", .number(loss)),
                ] + lossParts.map { ($0.name, .number($0.value)) } + [
                    ("grad_norm", .number(gradientNorm)), ("learning_rate", .number(learningRate)),
                    ("tokens", .integer(tokens)), ("supervised_tokens", .integer(supervisedTokens)),
                    ("seconds", .number(seconds)), ("tokens_per_second", .number(tokensPerSecond)),
                    ("peak_rss_mib", .number(peakMemoryMiB())),
                ]))
    }

    /// Reads a line of `metrics.jsonl`; nil if it is not about a step.
    init?(_ object: JSONObject) {
        guard let step = object["step"]?.integer, let epoch = object["epoch"]?.integer,
            let loss = object["loss"]?.double, let norm = object["grad_norm"]?.double,
            let rate = object["learning_rate"]?.double, let tokens = object["tokens"]?.integer,
            let supervised = object["supervised_tokens"]?.integer,
            let seconds = object["seconds"]?.double
        else { return nil }
        self.init(
            step: step, epoch: epoch, loss: loss, gradientNorm: norm, learningRate: rate,
            tokens: tokens, supervisedTokens: supervised, seconds: seconds)
    }

    init(
        step: Int, epoch: Int, loss: Double, lossParts: [LossPart] = [], gradientNorm: Double,
        learningRate: Double,
        tokens: Int, supervisedTokens: Int, seconds: Double
    ) {
        self.step = step
        self.epoch = epoch
        self.loss = loss
        self.lossParts = lossParts
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
        self.tokens = tokens
        self.supervisedTokens = supervisedTokens
        self.seconds = seconds
    }
}
