#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles

extension ModelConfiguration {
    /// The rotary embedding, from the newer `rope_parameters`, the older `rope_theta` with
    /// `rope_scaling`, or GGUF's `rope.*` keys.
    func rotary(headSize: Int) throws -> RotaryDescription {
        switch source {
        case .huggingFace(let object): try huggingFaceRotary(object, headSize)
        case .gguf(let metadata, let architecture):
            try ggufRotary(metadata, architecture + ".rope.", headSize)
        }
    }

    private func huggingFaceRotary(_ object: JSONObject, _ headSize: Int) throws
        -> RotaryDescription
    {
        let key = object["rope_parameters"]?.object != nil ? "rope_parameters" : "rope_scaling"
        let settings = object[key]?.object ?? JSONObject()
        let theta = settings["rope_theta"] ?? object["rope_theta"] ?? .number(10_000)
        let base = try Self.positive(theta.double, path, "rope_theta")
        var rotary = RotaryDescription(base: base, rotatedSize: headSize)
        let kind = settings["rope_type"] ?? settings["type"] ?? .string("default")
        let trained = try integerIfPresent(.maximumPosition, in: 1...(1 << 30)) ?? 2048
        let reader = ScalingReader(
            path: path, key: key, settings: settings, maximumPosition: trained)
        rotary.scaling = try reader.scaling(kind.string ?? "of no text")
        return rotary
    }

    private func ggufRotary(_ metadata: GGUFMetadata, _ prefix: String, _ headSize: Int) throws
        -> RotaryDescription
    {
        func number(_ name: String) throws -> Double? {
            try metadata[prefix + name].map {
                try Self.positive($0.double, path, prefix + name)
            }
        }
        // What the file says is of its own heads.
        let isOwn = changes[Key.headSize.huggingFace] == nil
        let count = isOwn ? metadata[prefix + "dimension_count"] : nil
        let rotated = count.map { $0.integer ?? -1 } ?? headSize
        guard rotated > 0, rotated % 2 == 0, rotated <= headSize else {
            throw ModelError.badKey(
                path: path, key: prefix + "dimension_count",
                reason: "is \(rotated), not an even number up to the head's size, \(headSize)")
        }
        var rotary = RotaryDescription(
            base: try number("freq_base") ?? 10_000, rotatedSize: rotated)
        if let factors = rotaryFactors, factors.count != rotated / 2, !isOwn {
            throw ModelError.badKey(
                path: path, key: "rope_freqs.weight",
                reason:
                    "has \(factors.count) factors, of which heads of \(headSize) cannot be made; "
                    + "keep the size of a head")
        }
        if let factors = rotaryFactors, factors.count == rotated / 2 {
            rotary.scaling = .perPair(factors: factors)
            return rotary
        }
        let kind = metadata[prefix + "scaling.type"]?.string ?? "none"
        let factor = try number("scaling.factor") ?? 1
        switch kind {
        case "none": break
        case "linear": rotary.scaling = .linear(factor: factor)
        case "yarn":
            let trained = metadata[prefix + "scaling.original_context_length"]?.integer ?? 0
            guard trained > 0 else {
                throw ModelError.missingKey(
                    path: path, key: prefix + "scaling.original_context_length")
            }
            // llama.cpp's factor comes on top of the usual magnitude.
            let magnitude = RotaryDescription.usualMagnitude(yarnFactor: factor)
            rotary.scaling = .yarn(
                factor: factor, betaFast: try number("scaling.yarn_beta_fast") ?? 32,
                betaSlow: try number("scaling.yarn_beta_slow") ?? 1, trainedLength: trained,
                attentionFactor: try magnitude * (number("scaling.attn_factor") ?? 1),
                truncate: true)
        default:
            throw ModelError.badKey(
                path: path, key: prefix + "scaling.type", reason: "is \"\(kind)\", which is unknown"
            )
        }
        return rotary
    }
}

/// Reads the settings of one kind of rotary scaling in `config.json`.
private struct ScalingReader {
    let path: String
    let key: String
    let settings: JSONObject
    let maximumPosition: Int

    func scaling(_ kind: String) throws -> RotaryDescription.Scaling {
        switch kind {
        case "default": return .none
        case "linear": return .linear(factor: try number("factor"))
        case "dynamic":
            return .dynamic(factor: try number("factor"), trainedLength: maximumPosition)
        case "llama3":
            return .llama3(
                factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
                highFrequencyFactor: try number("high_freq_factor"), trainedLength: try trained())
        case "yarn": return try yarn()
        default:
            throw ModelError.badKey(
                path: path, key: key, reason: "has the type \"\(kind)\", which is unknown")
        }
    }

    private func yarn() throws -> RotaryDescription.Scaling {
        let original = try trained()
        let factor =
            try optional("factor") ?? Double(maximumPosition) / Double(original)
        func magnitude(_ scale: Double) -> Double {
            factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
        }
        let attentionFactor: Double
        if let given = try optional("attention_factor") {
            attentionFactor = given
        } else if let scale = try optional("mscale"), let all = try optional("mscale_all_dim") {
            attentionFactor = magnitude(scale) / magnitude(all)
        } else {
            attentionFactor = magnitude(1)
        }
        return .yarn(
            factor: factor, betaFast: try optional("beta_fast") ?? 32,
            betaSlow: try optional("beta_slow") ?? 1, trainedLength: original,
            attentionFactor: attentionFactor, truncate: settings["truncate"]?.bool ?? true)
    }

    private func trained() throws -> Int {
        guard let value = settings["original_max_position_embeddings"] else {
            return maximumPosition
        }
        guard let length = value.integer, length > 0 else {
            throw ModelError.badKey(
                path: path, key: "\(key).original_max_position_embeddings",
                reason: "is not a positive whole number")
        }
        return length
    }

    private func optional(_ name: String) throws -> Double? {
        guard let value = settings[name], value != .null else { return nil }
        return try ModelConfiguration.positive(value.double, path, "\(key).\(name)")
    }

    private func number(_ name: String) throws -> Double {
        guard let value = try optional(name) else {
            throw ModelError.missingKey(path: path, key: "\(key).\(name)")
        }
        return value
    }
}
