/// `retort template`: renders conversations as a model's chat template does.
enum TemplateCommand: CommandDescription {
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
}
