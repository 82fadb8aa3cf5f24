import RetortFiles

/// Renders conversations and finds what the assistant wrote in them.
///
/// Where the template has `{% generation %}`, that says it. Otherwise it follows from renderings
/// of the conversation itself: what comes after the generation prompt, up to and with the text
/// that ends the turn. Nothing is searched for in the text that would be known beforehand.
public struct AssistantMask: Sendable {
    private let template: ChatTemplate
    private let variables: JSONObject
    private let clock: TemplateClock
    private let limits: TemplateLimits

    /// Prepares a template.
    ///
    /// - Parameters:
    ///   - template: The model's chat template.
    ///   - variables: What the template gets besides messages and tools, such as `bos_token`.
    ///   - clock: What `strftime_now` shows; the same for all renderings.
    ///   - limits: Bounds of each rendering.
    public init(
        _ template: ChatTemplate, variables: JSONObject, clock: TemplateClock = .now,
        limits: TemplateLimits = .standard
    ) {
        self.template = template
        self.variables = variables
        self.clock = clock
        self.limits = limits
    }

    /// Renders a conversation, all of which is learned.
    ///
    /// - Parameter conversation: The messages and tools.
    /// - Returns: The text, with one range for all of it.
    /// - Throws: ``AssistantMaskError``.
    public func renderAll(_ conversation: Conversation) throws(AssistantMaskError)
        -> SupervisedText
    {
        let text = try render(conversation.messages, of: conversation).text
        return SupervisedText(text: text, trained: [0..<text.utf8.count])
    }

    /// Renders a conversation, of which the assistant's turns are learned.
    ///
    /// - Parameter conversation: The messages and tools.
    /// - Returns: The text, with a range for each turn of the assistant.
    /// - Throws: ``AssistantMaskError``.
    public func render(_ conversation: Conversation) throws(AssistantMaskError) -> SupervisedText {
        let full = try render(conversation.messages, of: conversation)
        if !full.spans.isEmpty, !full.hasHiddenSpans {
            return SupervisedText(text: full.text, trained: full.spans.map(\.bytes))
        }
        let beginning = Array((variables["bos_token"]?.string ?? "").utf8)
        let bytes = Array(full.text.utf8)
        let finder = TurnFinder(conversation.messages, full: bytes, beginning: beginning) {
            (messages, hasPrompt) in
            let text = try? render(messages, of: conversation, hasPrompt: hasPrompt).text
            return text.map { Array($0.utf8) }
        }
        var trained: [Range<Int>] = []
        for (index, message) in conversation.messages.enumerated()
        where message["role"]?.string == "assistant" {
            guard let range = finder.range(of: index) else {
                throw .notFound(template: template.name, message: index)
            }
            trained.append(range)
        }
        return SupervisedText(text: full.text, trained: trained)
    }

    private func render(
        _ messages: [JSONObject], of conversation: Conversation, hasPrompt: Bool = false
    ) throws(AssistantMaskError) -> RenderedText {
        var all = variables
        for (name, value) in conversation.variables.members { all[name] = value }
        all["messages"] = .array(messages.map { .object($0) })
        all["tools"] = conversation.tools.map { .array($0) } ?? .null
        all["documents"] = .null
        all["add_generation_prompt"] = .bool(hasPrompt)
        do throws(TemplateError) {
            return try template.render(all, clock: clock, limits: limits)
        } catch {
            throw .template(error)
        }
    }
}

/// Why a conversation could not be rendered for training.
public enum AssistantMaskError: Error, Equatable, CustomStringConvertible {
    /// The template failed, or refused the conversation.
    case template(TemplateError)
    /// The template renders a turn so that its place cannot be told; messages count from 0.
    case notFound(template: String, message: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .template(let error): error.description
        case .notFound(let template, let message):
            "\(template): cannot tell where messages[\(message)] of the assistant is in the text; "
                + "mark it with {% generation %} in the template, or train on all text"
        }
    }
}
