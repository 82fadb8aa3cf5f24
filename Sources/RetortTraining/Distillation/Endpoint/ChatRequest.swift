import RetortFiles

/// One request of the chat completions protocol.
struct ChatRequest: Sendable {
    /// Where it is sent.
    let url: String
    /// What is sent, as JSON.
    let body: [UInt8]

    /// Puts a request together.
    ///
    /// - Parameters:
    ///   - prompt: The conversation.
    ///   - recipe: Address, model and sampling.
    ///   - seed: What the server's random numbers begin with, if it has such.
    init(_ prompt: TeacherPrompt, _ recipe: EndpointRecipe, seed: Int) {
        url = recipe.url.text + "/chat/completions"
        var object = JSONObject([
            ("model", .string(recipe.model)), ("messages", .array(prompt.messages)),
        ])
        for key in ["tools", "chat_template_kwargs"] {
            if let value = prompt.row[key], value != .null { object[key] = value }
        }
        object["temperature"] = .number(recipe.temperature)
        object["max_tokens"] = .integer(recipe.maxTokens)
        // Servers take 31 bits. Answers that are not drawn are the same with any seed.
        if recipe.temperature > 0 { object["seed"] = .integer(seed & 0x7fff_ffff) }
        if recipe.topLogprobs > 0 {
            object["logprobs"] = .bool(true)
            object["top_logprobs"] = .integer(recipe.topLogprobs)
        }
        body = JSONValue.object(object).serializedBytes()
    }

    /// What the request is known by in the journal: the SHA-256 of address and body.
    var digest: String { SHA256.hash(Array(url.utf8) + [UInt8(ascii: "\n")] + body) }

    /// The most bytes of a right answer: 256 for every log-probability, and some for the rest; at
    /// most a gigabyte.
    static func responseLimit(_ recipe: EndpointRecipe) -> Int {
        min(1 << 30, (1 << 20) + 256 * recipe.maxTokens * (1 + min(recipe.topLogprobs, 1000)))
    }
}
