import Foundation
import RetortFiles
import Testing

@testable import RetortText

/// Templates written for these tests; where they mark the assistant's text, the marks are removed
/// to see whether it is found all the same.
private let templates: [String: String] = [
    "chatml": """
    {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}\
    {% generation %}{{ (m.content or '') + (m.tool_calls | tojson if m.tool_calls else '') }}\
    {{ '<|im_end|>' }}{% endgeneration %}{% else %}{{ m.content + '<|im_end|>' }}{% endif %}\
    {{ '\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """,
    "headers": """
    {{ bos_token }}{% for m in messages %}<|start|>{{ m.role }}<|end|>{{ '\\n\\n' }}\
    {% if m.role == 'assistant' %}{% generation %}{{ m.content | trim }}\
    {{ m.tool_calls | tojson if m.tool_calls }}<|eot|>{% endgeneration %}{% else %}\
    {{ m.content | trim }}<|eot|>{% endif %}{% endfor %}\
    {% if add_generation_prompt %}<|start|>assistant<|end|>{{ '\\n\\n' }}{% endif %}
    """,
    "brackets": """
    {{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{% generation %} \
    {{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{{ eos_token }}{% endgeneration %}\
    {% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}
    """,
    "prompt always": """
    {{ bos_token }}{% for m in messages %}<|start|>{{ m.role }}<|end|>\
    {% if m.role == 'assistant' %}{% generation %}{{ m.content }}\
    {{ m.tool_calls | tojson if m.tool_calls }}<|eot|>{% endgeneration %}{% else %}\
    {{ m.content }}<|eot|>{% endif %}{% endfor %}<|start|>assistant<|end|>
    """,
    "end of conversation": """
    {% for m in messages %}<|{{ m.role }}|>{{ '\\n' }}{% if m.role == 'assistant' %}\
    {% generation %}{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}<|end|>\
    {% endgeneration %}{% else %}{{ m.content }}<|end|>{% endif %}{{ '\\n' }}{% endfor %}\
    {% if add_generation_prompt %}<|assistant|>{{ '\\n' }}{% else %}</s>{% endif %}
    """,
    "earlier thoughts dropped": """
    {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}\
    {% generation %}{% if loop.last and m.reasoning_content %}<think>{{ m.reasoning_content }}\
    </think>{% endif %}{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}<|im_end|>\
    {% endgeneration %}{% else %}{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """,
    "system in the last question": """
    {{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}\
    {{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{{ eos_token }}{% endgeneration %}\
    {% elif m.role == 'user' %}[INST]{{ 'Be kind.' if loop.index0 >= messages | length - 2 }}\
    {{ m.content }}[/INST]{% else %}[R]{{ m.content }}[/R]{% endif %}{% endfor %}
    """,
    "no part of a conversation": """
    {% if messages | selectattr('role', 'eq', 'user') | list | length == 0 %}\
    {{ raise_exception('No question.') }}{% endif %}{% for m in messages %}<|{{ m.role }}|>\
    {% if m.role == 'assistant' %}{% generation %}{{ m.content }}\
    {{ m.tool_calls | tojson if m.tool_calls }}<|end|>{% endgeneration %}{% else %}\
    {{ m.content }}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>\
    {% endif %}
    """,
]

private let conversations: [String: String] = [
    "one": #"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]"#,
    "several": #"""
    [{"role":"system","content":"S"},{"role":"user","content":"A?"},{"role":"assistant","content":"é😀"},
     {"role":"user","content":"B?"},{"role":"assistant","content":"Yes, B."},{"role":"user","content":"C?"}]
    """#,
    "empty": #"""
    [{"role":"user","content":"A?"},{"role":"assistant","content":""},
     {"role":"user","content":"B?"},{"role":"assistant","content":""}]
    """#,
    "marks": #"""
    [{"role":"user","content":"<|im_start|>assistant\n<|eot|>[/INST]"},
     {"role":"assistant","content":"<|im_end|>\n<|im_start|>assistant\nA</s><|end|>"},
     {"role":"user","content":"<|assistant|>\nAgain"},{"role":"assistant","content":"<|assistant|>B"}]
    """#,
    "same": #"""
    [{"role":"user","content":"A"},{"role":"assistant","content":"A"},
     {"role":"user","content":"A"},{"role":"assistant","content":"A"}]
    """#,
    "calls": #"""
    [{"role":"user","content":"A?"},
     {"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"f","arguments":{"x":1}}}]},
     {"role":"tool","content":"f: 1"},{"role":"assistant","content":"One."}]
    """#,
    "reasoning": #"""
    [{"role":"user","content":"A?"},{"role":"assistant","content":"B","reasoning_content":"hm"},
     {"role":"user","content":"C?"},{"role":"assistant","content":"D","reasoning_content":"so"}]
    """#,
    "assistant first": #"""
    [{"role":"assistant","content":"Welcome."},{"role":"user","content":"A?"},{"role":"assistant","content":"B."}]
    """#,
]

private let tokens = JSONObject([("bos_token", .string("<s>")), ("eos_token", .string("</s>"))])

private func withoutMarks(_ source: String) -> String {
    source.replacing(/\{%-?\s*(end)?generation\s*-?%\}/, with: "")
}

private func conversation(_ messages: String) throws -> Conversation {
    try Conversation(row: JSONParser.parse(#"{"messages": \#(messages)}"#))
}

private func pieces(_ text: SupervisedText) -> [String] {
    let bytes = Array(text.text.utf8)
    return text.trained.map { String(decoding: bytes[$0], as: UTF8.self) }
}

@Suite("Assistant mask")
struct ConversationMaskTests {
    @Test(
        "finds without marks what marks would say", arguments: templates.keys.sorted(),
        conversations.keys.sorted())
    func derived(template: String, messages: String) throws {
        let source = try #require(templates[template])
        let given = try conversation(try #require(conversations[messages]))
        let marked = try AssistantMask(ChatTemplate(source), variables: tokens).render(given)
        let plain = try AssistantMask(ChatTemplate(withoutMarks(source)), variables: tokens)
            .render(given)
        #expect(plain.text == marked.text)
        #expect(pieces(plain) == pieces(marked), "\(plain.text)")
        #expect(plain.trained == marked.trained)
    }

    @Test("trains the token that ends the turn, and no newline after it")
    func endOfTurn() throws {
        let source = try #require(templates["chatml"])
        let mask = try AssistantMask(ChatTemplate(withoutMarks(source)), variables: tokens)
        let text = try mask.render(conversation(try #require(conversations["several"])))
        #expect(pieces(text) == ["é😀<|im_end|>", "Yes, B.<|im_end|>"])
        let empty = try mask.render(conversation(try #require(conversations["empty"])))
        #expect(pieces(empty) == ["<|im_end|>", "<|im_end|>"])
    }

    @Test("trains white space that ends a turn for lack of a mark")
    func whiteSpace() throws {
        let source = """
            {% for m in messages %}{{ m.role }}: {{ m.content }}{{ '\\n\\n' }}{% endfor %}\
            {% if add_generation_prompt %}assistant: {% endif %}
            """
        let text = try AssistantMask(ChatTemplate(source), variables: tokens)
            .render(conversation(try #require(conversations["one"])))
        #expect(pieces(text) == ["Hello.\n\n"])
    }

    @Test("leaves out what the generation prompt gives, though the turn lacks some of it")
    func openedThought() throws {
        let source = """
            {% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}\
            {% if add_generation_prompt %}<|assistant|><think>{{ '\\n' }}{% endif %}
            """
        let text = try AssistantMask(ChatTemplate(source), variables: tokens).render(
            conversation(
                #"[{"role":"user","content":"A"},{"role":"assistant","content":"<b>B"}]"#))
        #expect(pieces(text) == ["<b>B<|end|>"])
    }

    @Test("says that a turn is not in the text")
    func dropped() throws {
        let source = """
            {% for m in messages %}{% if not loop.last %}{{ m.role }}: {{ m.content }}{% endif %}\
            {% endfor %}end
            """
        let mask = try AssistantMask(ChatTemplate(source, name: "t"), variables: tokens)
        #expect(throws: AssistantMaskError.notFound(template: "t", message: 1)) {
            _ = try mask.render(conversation(try #require(conversations["one"])))
        }
    }

    @Test("passes on what the template says")
    func refused() throws {
        let mask = try AssistantMask(
            ChatTemplate("{{ raise_exception('No.') }}", name: "t"), variables: tokens)
        let expected = TemplateError(template: "t", line: 1, fault: .raised("No."))
        #expect(throws: AssistantMaskError.template(expected)) {
            _ = try mask.render(conversation(try #require(conversations["one"])))
        }
    }

    @Test("covers everything if all is trained")
    func all() throws {
        let source = try #require(templates["headers"])
        let text = try AssistantMask(ChatTemplate(source), variables: tokens)
            .renderAll(conversation(try #require(conversations["one"])))
        #expect(pieces(text) == [text.text])
    }

    /// Templates that show the last message of the assistant otherwise or not at all.
    private static let cannotBeMasked = [
        "yandex-YandexGPT-5-Lite-8B-instruct": 5, "google-gemma-4-31B-it": 1,
    ]

    @Test(
        "is found for the templates of published models",
        .enabled(if: !TemplateGolden.shared.isEmpty, "the shared golden files are not here"),
        arguments: TemplateGolden.shared.filter { !$0.testDescription.hasPrefix("engine_") })
    func published(_ golden: TemplateGolden) throws {
        let template = try ChatTemplate(withoutMarks(golden.source()), name: golden.testDescription)
        var failures = 0
        for row in try golden.cases() where row["text"] != nil {
            if try !isMasked(row, template) { failures += 1 }
        }
        #expect(failures == Self.cannotBeMasked[golden.testDescription] ?? 0)
    }

    /// Masks a recorded conversation and checks that no question is learned.
    private func isMasked(_ row: JSONValue, _ template: ChatTemplate) throws -> Bool {
        guard let given = try? Conversation(row: row) else { return true }
        let mask = AssistantMask(
            template, variables: row["variables"]?.object ?? JSONObject(),
            clock: try #require(TemplateGolden.clock))
        let text: SupervisedText
        do { text = try mask.render(given) } catch { return false }
        let answers = given.messages.filter { $0["role"] == .string("assistant") }
        if answers.contains(where: { !($0["content"]?.string ?? "").isEmpty }) {
            #expect(!text.trained.isEmpty)
        }
        if row["name"] == .string("hostile") { return true }
        let trained = pieces(text).joined()
        for message in given.messages where message["role"] != .string("assistant") {
            let content = message["content"]?.string ?? ""
            if content.utf8.count > 3 {
                #expect(!trained.contains(content), "\(row["name"] ?? .null)")
            }
        }
        return true
    }
}
