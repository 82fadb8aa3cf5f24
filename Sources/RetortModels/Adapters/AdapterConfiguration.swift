import RetortText
import RetortFiles

/// The settings of a LoRA adapter, in PEFT's words (`adapter_config.json`).
public struct AdapterConfiguration: Sendable, Equatable {
    /// Which modules get an adapter.
    public enum Targets: Sendable, Equatable {
        /// Modules whose name is one of these or ends with a dot and one of these.
        case names([String])
        /// Modules whose whole name matches a regular expression.
        case pattern(String)
        /// Every linear layer but the output matrix.
        case allLinear
    }

    /// Rows of A.
    public var rank = 16
    /// Numerator of the scale.
    public var alpha = 32.0
    /// Probability of dropping an input of A in training.
    public var dropout = 0.0
    /// Which modules get an adapter.
    public var targets = Targets.allLinear
    /// Whether the scale is `alpha / √rank` (arXiv:2312.03732) instead of `alpha / rank`.
    public var usesRankStabilizedScale = false
    /// Ranks of modules whose name's end matches the key; the first match counts.
    public var rankPattern: [Pattern<Int>] = []
    /// Alphas likewise.
    public var alphaPattern: [Pattern<Double>] = []
    /// Layers that get an adapter; nil for all.
    public var layers: [Int]?

    /// Creates PEFT's usual settings.
    public init() {}

    /// A value for modules whose name's end matches a regular expression.
    public struct Pattern<Value: Sendable & Equatable>: Sendable, Equatable {
        /// Matched as `(.*\.)?(key)$`.
        public var key: String
        /// The value there.
        public var value: Value

        /// Pairs a key with a value.
        public init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// Largest rank that is believed.
    static let largestRank = 1 << 16

    /// The rank of one module's adapter.
    package func rank(of module: String) -> Int { first(rankPattern, module) ?? rank }
    /// The alpha of one module's adapter.
    package func alpha(of module: String) -> Double { first(alphaPattern, module) ?? alpha }
    /// The factor of one module's adapter.
    package func scale(of module: String) -> Float {
        let rank = Double(rank(of: module))
        return Float(alpha(of: module) / (usesRankStabilizedScale ? rank.squareRoot() : rank))
    }

    private func first<Value>(_ patterns: [Pattern<Value>], _ module: String) -> Value? {
        patterns.first { NamePattern("(.*\\.)?(\($0.key))")?.matches(module) ?? false }?.value
    }

    /// Whether a module gets an adapter.
    package func includes(_ module: String) -> Bool {
        if let layers, let layer = Self.layer(of: module), !layers.contains(layer) { return false }
        switch targets {
        case .allLinear: return true
        case .names(let names): return names.contains { module == $0 || module.hasSuffix("." + $0) }
        case .pattern(let pattern): return NamePattern(pattern)?.matches(module) ?? false
        }
    }

    /// The number behind `layers.` in a module's name.
    private static func layer(of module: String) -> Int? {
        let parts = module.split(separator: ".")
        guard let index = parts.firstIndex(of: "layers"), index + 1 < parts.count else {
            return nil
        }
        return Int(parts[index + 1])
    }
}

extension AdapterConfiguration {
    /// Parses a PEFT folder's `adapter_config.json`.
    ///
    /// Python writes NaN where JSON has none; it is read, so that the key can be named.
    static func json(folder: String) throws -> (value: JSONValue, path: String) {
        let path = folder + "/adapter_config.json"
        return (try JSONValue(contentsOf: path, allowsNonFinite: true), path)
    }

    /// Reads what a llama.cpp adapter says of itself: its kind and alpha.
    init(gguf file: GGUFFile) throws(AdapterError) {
        for (key, expected) in [("general.type", "adapter"), ("adapter.type", "lora")]
        where file[key]?.string != expected {
            throw .badKey(path: file.path, key: key, reason: "is not \"\(expected)\"")
        }
        let key = "adapter.lora.alpha"
        guard let value = file[key] else { throw .missingKey(path: file.path, key: key) }
        guard let alpha = value.double, alpha.isFinite else {
            throw .badKey(path: file.path, key: key, reason: "is not a number")
        }
        self.alpha = alpha
    }

    /// Reads `adapter_config.json`.
    ///
    /// - Throws: ``AdapterError`` for what is malformed or of a kind that is not LoRA.
    package init(_ json: JSONValue, path: String) throws {
        let reader = KeyReader(path: path, object: json.object ?? JSONObject())
        guard let kind = reader.object["peft_type"] else { throw reader.missing("peft_type") }
        guard kind.string == "LORA" else {
            throw reader.bad("peft_type", "is \(kind.serialized()); Retort reads LORA")
        }
        let bias = reader.object["bias"]?.string ?? "none"
        guard bias == "none" else {
            throw reader.bad("bias", "is \"\(bias)\"; Retort reads adapters without biases (none)")
        }
        for key in ["use_dora", "lora_bias", "fan_in_fan_out"] {
            if reader.object[key]?.bool == true {
                throw reader.bad(key, "is true; Retort does not read that")
            }
        }
        for key in ["modules_to_save", "target_parameters", "trainable_token_indices"] {
            if let value = reader.object[key], value != .null, value.array?.isEmpty != true {
                throw reader.bad(key, "is set; Retort reads adapters of linear layers only")
            }
        }
        rank = try reader.rank("r", reader.object["r"])
        alpha = try reader.alpha("lora_alpha", reader.object["lora_alpha"])
        dropout = reader.object["lora_dropout"]?.double ?? 0
        guard (0..<1).contains(dropout) else {
            throw reader.bad("lora_dropout", "is \(dropout), outside 0 to 1")
        }
        targets = try reader.targets()
        usesRankStabilizedScale = reader.object["use_rslora"]?.bool ?? false
        rankPattern = try reader.patterns("rank_pattern", reader.rank)
        alphaPattern = try reader.patterns("alpha_pattern", reader.alpha)
        if let value = reader.object["layers_to_transform"], value != .null {
            let list = value.integer.map { [$0] } ?? value.array?.compactMap(\.integer)
            guard let list, list.count == value.array?.count ?? 1 else {
                throw reader.bad("layers_to_transform", "is not a list of whole numbers")
            }
            layers = list
        }
    }

    /// `adapter_config.json` as PEFT reads it.
    package func json(base: String) -> JSONValue {
        let modules: JSONValue =
            switch targets {
            case .names(let names): .array(names.map(JSONValue.string))
            case .pattern(let pattern): .string(pattern)
            case .allLinear: .string("all-linear")
            }
        return .object(
            JSONObject([
                ("peft_type", .string("LORA")), ("task_type", .string("CAUSAL_LM")),
                ("base_model_name_or_path", .string(base)), ("inference_mode", .bool(true)),
                ("r", .integer(rank)), ("lora_alpha", .number(alpha)),
                ("lora_dropout", .number(dropout)), ("bias", .string("none")),
                ("target_modules", modules), ("use_rslora", .bool(usesRankStabilizedScale)),
                ("use_dora", .bool(false)), ("fan_in_fan_out", .bool(false)),
                ("init_lora_weights", .bool(true)), ("modules_to_save", .null),
                (
                    "rank_pattern",
                    .object(JSONObject(rankPattern.map { ($0.key, .integer($0.value)) }))
                ),
                (
                    "alpha_pattern",
                    .object(JSONObject(alphaPattern.map { ($0.key, .number($0.value)) }))
                ),
                ("layers_to_transform", layers.map { .array($0.map(JSONValue.integer)) } ?? .null),
            ]))
    }
}

/// Reads the keys of `adapter_config.json`.
private struct KeyReader {
    let path: String
    let object: JSONObject

    func missing(_ key: String) -> AdapterError { .missingKey(path: path, key: key) }
    func bad(_ key: String, _ reason: String) -> AdapterError {
        .badKey(path: path, key: key, reason: reason)
    }

    func rank(_ key: String, _ value: JSONValue?) throws -> Int {
        guard let value else { throw missing(key) }
        guard let rank = value.integer, (1...AdapterConfiguration.largestRank).contains(rank) else {
            throw bad(
                key,
                "is \(value.serialized()), not a rank from 1 to \(AdapterConfiguration.largestRank)"
            )
        }
        return rank
    }

    func alpha(_ key: String, _ value: JSONValue?) throws -> Double {
        guard let value, value != .null else { throw missing(key) }
        guard let alpha = value.double, alpha.isFinite else {
            throw bad(key, "is \(value.serialized()), not a number")
        }
        return alpha
    }

    func targets() throws -> AdapterConfiguration.Targets {
        guard let value = object["target_modules"], value != .null else {
            throw missing("target_modules")
        }
        if let text = value.string {
            if text == "all-linear" { return .allLinear }
            guard NamePattern(text) != nil else {
                throw bad("target_modules", "is the malformed regular expression \"\(text)\"")
            }
            return .pattern(text)
        }
        guard let names = value.array?.compactMap(\.string), !names.isEmpty,
            names.count == value.array?.count
        else { throw bad("target_modules", "is neither a list of names nor a regular expression") }
        return .names(names)
    }

    func patterns<Value>(
        _ key: String, _ read: (String, JSONValue?) throws -> Value
    ) throws -> [AdapterConfiguration.Pattern<Value>] {
        guard let value = object[key], value != .null else { return [] }
        guard let members = value.object?.members else { throw bad(key, "is not an object") }
        return try members.map { name, value in
            guard NamePattern("(.*\\.)?(\(name))") != nil else {
                throw bad(key, "has the malformed regular expression \"\(name)\"")
            }
            return .init(key: name, value: try read("\(key).\(name)", value))
        }
    }
}
