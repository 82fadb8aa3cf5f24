/// A figure of a run that a chart shows.
package enum RunMetric: Hashable, Sendable {
    /// The training loss.
    case loss
    /// A part of it, by its key in `metrics.jsonl`.
    case part(String)
    /// The loss on the validation data.
    case validation
    /// The norm of the gradient before clipping.
    case gradientNorm
    /// The learning rate.
    case learningRate
    /// Speed.
    case tokensPerSecond
    /// The most memory that the process has held so far.
    case memory

    /// Reads a name as users write it; nil if there is no such figure.
    package init?(name: String) {
        let known: [RunMetric] = [
            .loss, .validation, .gradientNorm, .learningRate, .tokensPerSecond, .memory,
        ]
        if let metric = known.first(where: { $0.name == name }) {
            self = metric
        } else if name.hasSuffix("_loss"), name != "validation_loss" {
            self = .part(name)
        } else {
            return nil
        }
    }

    /// The name as users write it.
    package var name: String {
        switch self {
        case .loss: "loss"
        case .part(let key): key
        case .validation: "validation"
        case .gradientNorm: "gradient_norm"
        case .learningRate: "learning_rate"
        case .tokensPerSecond: "tokens_per_second"
        case .memory: "memory"
        }
    }

    /// The key in `metrics.jsonl`.
    var key: String {
        switch self {
        case .validation: "validation_loss"
        case .gradientNorm: "grad_norm"
        case .memory: "peak_rss_mib"
        case .loss, .part, .learningRate, .tokensPerSecond: name
        }
    }

    /// The name over a chart.
    var title: String {
        switch self {
        case .loss: return "Loss"
        case .validation: return "Validation loss"
        case .gradientNorm: return "Gradient norm"
        case .learningRate: return "Learning rate"
        case .tokensPerSecond: return "Speed"
        case .memory: return "Peak memory"
        case .part(let key):
            let words = key.split(separator: "_").joined(separator: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }

    /// The unit of the values.
    var unit: String {
        switch self {
        case .loss, .validation, .part("soft_loss"), .part("hard_loss"): "nats per token"
        // What another part measures is not known, as hidden states are matched in many ways.
        case .part: ""
        case .gradientNorm: "L2, before clipping"
        case .learningRate: ""
        case .tokensPerSecond: "tokens per second"
        case .memory: "MiB"
        }
    }

    /// Whether values are compared with 0.
    var includesZero: Bool {
        switch self {
        case .learningRate, .tokensPerSecond, .memory: true
        case .loss, .part, .validation, .gradientNorm: false
        }
    }

    /// Whether the values scatter about a course that is worth seeing.
    var isNoisy: Bool {
        switch self {
        case .loss, .part, .gradientNorm, .tokensPerSecond: true
        case .validation, .learningRate, .memory: false
        }
    }

    /// Whether a run's values can be so far apart that only ratios can be seen.
    var mayBeLogarithmic: Bool { !includesZero }
}

/// What a chart has across.
enum RunAxis: String, CaseIterable, Sendable {
    /// Optimizer steps.
    case steps
    /// Tokens seen.
    case tokens
}
