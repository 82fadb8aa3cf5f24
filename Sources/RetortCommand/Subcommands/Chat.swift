import Retort
import RetortFiles
import RetortModels
import RetortText

/// Generates on a terminal: a continuation, an answer, or a conversation.
struct Chat {
    private let model: Model
    private let options: GenerateCommand.Options
    private let terminal: Terminal
    /// nil where only token ids go in and out and the model has no tokenizer.
    private let text: ModelText?

    init(_ model: Model, _ options: GenerateCommand.Options, on terminal: Terminal) throws {
        self.model = model
        self.options = options
        self.terminal = terminal
        if case .ids = options.input {
            text = try? model.text()
        } else {
            text = try model.text()
        }
    }

    /// Why a prompt cannot be continued.
    enum Problem: Error, CustomStringConvertible {
        case emptyPrompt
        case idOutside(Int, vocabulary: Int)

        var description: String {
            switch self {
            case .emptyPrompt: "The prompt has no tokens; say something."
            case .idOutside(let id, let vocabulary):
                "--prompt-ids: \(id) is outside the vocabulary of \(vocabulary)."
            }
        }
    }

    /// Continues token ids.
    func answer(_ ids: [Int]) throws { try finish(generate(ids.map { Int32(clamping: $0) })) }

    /// Continues text without the chat template.
    func continueText(_ prompt: String) throws {
        let ids = try text?.tokenizer.encode(prompt) ?? []
        try finish(generate(ids.map { Int32($0) }))
    }

    /// Answers one message.
    func answer(_ prompt: String) throws {
        try finish(generate(try ids(opening + [message("user", prompt)])))
    }

    /// Talks with whoever sits at the terminal until the input ends.
    func converse() throws {
        terminal.note("Talk to the model; an empty line or Ctrl-D ends the conversation.")
        var messages = opening
        while true {
            try terminal.write("> ")
            guard let line = readLine(), !line.isEmpty else { break }
            messages.append(message("user", line))
            let answer = try generate(try ids(messages))
            try terminal.write("\n")
            messages.append(message("assistant", answer.text))
        }
    }

    private var opening: [JSONObject] { options.system.map { [message("system", $0)] } ?? [] }

    private func message(_ role: String, _ content: String) -> JSONObject {
        JSONObject([("role", .string(role)), ("content", .string(content))])
    }

    private func ids(_ messages: [JSONObject]) throws -> [Int32] {
        try text?.prompt(messages, path: model.path) ?? []
    }

    /// Generates and, unless JSON is wanted, writes the text as it comes.
    private func generate(_ prompt: [Int32]) throws -> (ids: [Int], text: String) {
        guard !prompt.isEmpty else { throw Problem.emptyPrompt }
        let vocabulary = model.description.vocabularySize
        if let id = prompt.first(where: { $0 >= vocabulary || $0 < 0 }) {
            throw Problem.idOutside(Int(id), vocabulary: vocabulary)
        }
        var settings = Generator.Options()
        settings.maximumTokens = options.maximumTokens
        settings.sampling = options.sampling
        settings.roundsPromptsToBytes = options.precision == .auto
        if !options.ignoresEnd { settings.endTokens = text?.endTokens ?? [] }
        var decoder = text?.tokenizer.makeStreamingDecoder(skipSpecialTokens: true)
        var written = ""
        var failure: (any Error)?
        func show(_ piece: String?) {
            guard let piece, !piece.isEmpty, failure == nil else { return }
            written += piece
            if options.json { return }
            do { try terminal.write(piece) } catch { failure = error }
        }
        let ids = try Generator(model).generate([prompt], settings) { _, id in
            show(decoder?.append(id))
            return failure == nil
        }
        show(decoder?.finish())
        if let failure { throw failure }
        return (ids.first ?? [], written)
    }

    private func finish(_ answer: (ids: [Int], text: String)) throws {
        guard options.json else { return try terminal.write("\n") }
        let result = JSONObject([
            ("ids", .array(answer.ids.map(JSONValue.integer))), ("text", .string(answer.text)),
        ])
        try terminal.result(JSONValue.object(result).serialized(.spaced))
    }
}
