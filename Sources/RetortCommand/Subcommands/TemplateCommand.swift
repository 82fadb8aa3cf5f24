import Retort
import RetortFiles
import RetortModels
import RetortText

/// `retort template`: renders conversations as a model's chat template does.
enum TemplateCommand: Subcommand {
    struct Options: Equatable {
        let source: String
        let input: String
        /// What `strftime_now` takes for the time.
        let now: String?
        let json: Bool
    }

    static let help = CommandHelp(
        name: "template", summary: "renders conversations as the model sees them",
        discussion: """
            Runs a chat template (Jinja, in a sandbox with bounds) over conversations, one JSON \
            object a line: {"messages": […]}, and optionally tools, add_generation_prompt and \
            other variables of the template.

            With --json each line gives {"text": …}, with "spans" where the template marks what \
            the assistant says with {% generation %} (in Unicode scalars), or {"error": …}.
            """,
        arguments: [
            .init(name: "SOURCE", meaning: "A model, or a file with a template.")
        ],
        options: [
            .value("--input", "FILE.jsonl", "The conversations."),
            .value("--now", "TIME", "The time that the template is told: 2026-11-21T12:00:00."),
            .flag("--json", "Print a JSON object a conversation."),
        ],
        examples: [
            .init(
                line: "retort template model.gguf --input Datasets/smart-home/test.jsonl",
                meaning: "What exactly does the model read?"),
            .init(
                line: "retort template chat.jinja --input conversations.jsonl --json",
                meaning: "Does a new template work?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            source: try arguments.required("SOURCE"), input: try arguments.required("--input"),
            now: arguments.value("--now"), json: arguments.has("--json"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        var clock = TemplateClock.now
        if let now = options.now {
            guard let fixed = TemplateClock(now) else {
                throw UsageError.badValue(
                    "--now", expected: "a time, as in 2024-07-26T12:34:56", found: now)
            }
            clock = fixed
        }
        let file = try JSONLinesFile(options.input)
        // A template that cannot be parsed is the answer to every line, as one that fails is.
        let parsed = Result { try ChatTemplate(atPath: options.source) }
        for index in 0..<file.count {
            let variables = try file.object(index)
            do {
                let template = try parsed.get()
                let rendered = try template.render(variables, clock: clock)
                try terminal.result(
                    options.json ? line(rendered, of: template) : rendered.text)
            } catch let error as TemplateError where options.json {
                let row = JSONObject([("error", .string("\(error)"))])
                try terminal.result(JSONValue.object(row).serialized(.spaced))
            }
        }
    }

    private static func line(_ rendered: RenderedText, of template: ChatTemplate) -> String {
        var row = JSONObject([("text", .string(rendered.text))])
        if template.marksAssistant {
            row["spans"] = .array(
                rendered.spans.map {
                    .array([.integer($0.scalars.lowerBound), .integer($0.scalars.upperBound)])
                })
        }
        return JSONValue.object(row).serialized(.spaced)
    }
}
