import RetortFiles
import RetortNetwork

/// The `distillation.endpoint:` section: a teacher that is asked over the network.
///
/// The protocol is that of OpenAI's chat completions, which llama.cpp's server, vLLM and most
/// services speak.
public struct EndpointRecipe: RecipeSection {
    /// The address up to `/chat/completions`, as in `http://127.0.0.1:8080/v1`.
    public var url = EndpointAddress()
    /// The model's name there.
    public var model = ""
    /// The environment variable that holds the key; nil for a server that needs none.
    public var apiKeyVariable: VariableName?
    /// How evenly answers are drawn; 0 for the most probable token each time.
    public var temperature = 0.0
    /// The most tokens of an answer.
    public var maxTokens = 1024
    /// Log-probabilities asked for at each token; 0 for the text alone.
    public var topLogprobs = 20
    /// The most requests under way at once.
    public var concurrency = 4
    /// The most requests begun in a minute; nil for as many as are answered.
    public var requestsPerMinute: Int?
    /// How often a request that failed for a passing reason is sent again.
    public var retries = 6
    /// Seconds after which a request counts as failed.
    public var timeoutSeconds = 600.0

    /// Creates the defaults.
    public init() {}

    /// The keys, in the order they are written.
    public static let fields: [RecipeField<Self>] = [
        .init(
            "url", \.url, isRequired: true,
            "Address of the service up to `/chat/completions`, as in `http://127.0.0.1:8080/v1`."),
        .init("model", \.model, isRequired: true, "The model's name there."),
        .init(
            "api_key_variable", \.apiKeyVariable,
            "Environment variable that holds the key, which is never written anywhere."),
        .init(
            "temperature", \.temperature, allowed: 0...2,
            "How answers are drawn; 0: the most probable token each time."),
        .init("max_tokens", \.maxTokens, allowed: 1...1_048_576, "Most tokens of an answer."),
        .init(
            "top_logprobs", \.topLogprobs, allowed: 0...1000,
            "Log-probabilities asked for at each token; 0: only the text. Services have limits."),
        .init(
            "concurrency", \.concurrency, allowed: 1...256, "Most requests under way at once."),
        .init(
            "requests_per_minute", \.requestsPerMinute, allowed: 1...1_000_000,
            "Most requests begun in a minute; null for no limit."),
        .init(
            "retries", \.retries, allowed: 0...100,
            "How often a request is sent again after a passing failure."),
        .init(
            "timeout_seconds", \.timeoutSeconds, allowed: 1...86_400,
            "Seconds after which a request counts as failed."),
    ]
}

/// The address of an endpoint, empty until one is given.
public struct EndpointAddress: RecipeValue {
    /// The address, without a slash at its end.
    public let text: String

    /// No address.
    public init() { text = "" }

    /// Checks an address; nil unless it is one without name, password and query.
    public init?(_ text: String) {
        guard let address = try? WebAddress(text) else { return nil }
        self.text = address.description
    }

    /// What a recipe may say.
    public static var expectation: String {
        "an http or https address without user name, password or query, "
            + "as in http://127.0.0.1:8080/v1"
    }

    /// An address may hold a password or a key.
    public static var mayHoldSecret: Bool { true }

    /// Reads an address.
    public init?(recipe node: YAMLNode) {
        guard case .string(let text) = node.value else { return nil }
        self.init(text)
    }

    /// The address.
    public var recipeNode: YAMLNode { YAMLNode(.string(text)) }
}

/// The name of an environment variable, in capitals as the convention has it.
public struct VariableName: RecipeValue {
    /// The name.
    public let text: String

    /// Checks a name; nil unless it has only capital letters, digits and underscores.
    ///
    /// Most keys have other characters, so that a key given for a name is refused.
    public init?(_ text: String) {
        let bytes = text.utf8
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard let first = bytes.first, letters.contains(first) || first == UInt8(ascii: "_"),
            bytes.count <= 64,
            bytes.allSatisfy({
                letters.contains($0) || $0 == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            })
        else { return nil }
        self.text = text
    }

    /// What a recipe may say.
    public static var expectation: String {
        "the name of an environment variable in capital letters, as in OPENAI_API_KEY, and never "
            + "the key itself"
    }

    /// Someone may write the key itself.
    public static var mayHoldSecret: Bool { true }

    /// Reads a name.
    public init?(recipe node: YAMLNode) {
        guard case .string(let text) = node.value else { return nil }
        self.init(text)
    }

    /// The name.
    public var recipeNode: YAMLNode { YAMLNode(.string(text)) }
}
