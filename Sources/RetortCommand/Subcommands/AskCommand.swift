import Retort

/// `retort ask`: lets a teacher behind an endpoint answer a data file.
enum AskCommand: Subcommand {
    struct Options: Equatable {
        let endpoint: EndpointRecipe
        let data: String
        let output: String
    }

    static let help = CommandHelp(
        name: "ask", summary: "lets a teacher behind an endpoint answer a data file",
        discussion: """
            Sends every conversation, without the assistant's answer at its end, to a service that \
            speaks the protocol of OpenAI's chat completions (llama.cpp's server, vLLM, hosted \
            models), and writes the conversations with the teacher's answers: data for task sft, \
            which is sequence-level distillation. Answers that are cut off, filtered or empty are \
            left out.

            Each answer is kept in OUTPUT.journal as it comes. The same command, run again after \
            Ctrl-C or worse, goes on from there and asks nothing twice. The key is read from the \
            environment and written nowhere.
            """,
        options: [
            .value("--endpoint", "URL", "The address up to /chat/completions."),
            .value("--model", "NAME", "The model's name there."),
            .value("--data", "FILE.jsonl", "Conversations, one a line."),
            .value("--output", "FILE.jsonl", "Where the answered conversations go."),
            .value(
                "--api-key-variable", "NAME", "The environment variable that holds the key."),
            .value("--concurrency", "N", "Most requests under way at once; 4 by default."),
            .value("--requests-per-minute", "N", "Most requests begun in a minute."),
            .value(
                "--timeout", "SECONDS", "When a request counts as failed; 600 by default."),
            .value("--temperature", "X", "How answers are drawn; 0, the default: greedily."),
            .value("--max-tokens", "N", "Most tokens of an answer; 1024 by default."),
            .value(
                "--top-logprobs", "K",
                "Keep the K largest log-probabilities at each token; 0 by default: only text."),
        ],
        examples: [
            .init(
                line: "retort ask --endpoint http://127.0.0.1:8080/v1 --model teacher "
                    + "--data Datasets/smart-home/train.jsonl --output answers.jsonl",
                meaning: "A server on this machine answers the training requests."),
            .init(
                line: "retort ask --endpoint https://api.example.com/v1 --model large "
                    + "--api-key-variable EXAMPLE_API_KEY --requests-per-minute 60 "
                    + "--data questions.jsonl --output answers.jsonl",
                meaning: "A hosted model does, at its pace."),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        var endpoint = EndpointRecipe()
        guard let url = EndpointAddress(try arguments.required("--endpoint")) else {
            throw .badSecret("--endpoint", expected: EndpointAddress.expectation)
        }
        endpoint.url = url
        endpoint.model = try arguments.required("--model")
        if let name = arguments.value("--api-key-variable") {
            guard let variable = VariableName(name) else {
                throw .badSecret("--api-key-variable", expected: VariableName.expectation)
            }
            endpoint.apiKeyVariable = variable
        }
        endpoint.concurrency =
            try arguments.integer("--concurrency", in: 1...256) ?? endpoint.concurrency
        endpoint.requestsPerMinute = try arguments.integer(
            "--requests-per-minute", in: 1...1_000_000)
        endpoint.timeoutSeconds =
            try arguments.number("--timeout", in: 1...86_400) ?? endpoint.timeoutSeconds
        endpoint.temperature =
            try arguments.number("--temperature", in: 0...2) ?? endpoint.temperature
        endpoint.maxTokens =
            try arguments.integer("--max-tokens", in: 1...1_048_576) ?? endpoint.maxTokens
        endpoint.topLogprobs = try arguments.integer("--top-logprobs", in: 0...1000) ?? 0
        let data = try arguments.required("--data")
        let output = try arguments.required("--output")
        // The answers would take the place of the questions.
        if data == output { throw .conflict("--data \(data)", "--output \(output)") }
        return Options(endpoint: endpoint, data: data, output: output)
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        let prompts = try TeacherPrompt.read(options.data)
        let teacher = try EndpointTeacher(options.endpoint, seed: Recipe().seed)
        if teacher.exposesKey {
            terminal.warning("the key crosses the network unencrypted; use an https address.")
        }
        StopSignal.listen()
        let reporter = AskingReporter(terminal)
        let answers = try teacher.answers(
            to: prompts, journal: options.output + ".journal", observe: reporter.observe)
        let data = try AnsweredData(
            writing: answers, to: prompts, topLogprobs: options.endpoint.topLogprobs,
            path: options.output)
        reporter.finish(data, path: options.output)
    }
}
