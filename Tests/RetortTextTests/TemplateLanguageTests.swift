import RetortFiles
import Testing

@testable import RetortText

@Suite("Template language")
struct TemplateLanguageTests {
    /// Expected values: jinja2 3.1.6 on Python 3.11.
    @Test(
        "gives what Python gives",
        arguments: [
            ("{{ 10 ** 30 // 7 }}|{{ -(10 ** 20) % 7 }}", "142857142857142857142857142857|5"),
            ("{{ 1 / 10 ** 25 }}|{{ 0 / -7 }}|{{ 7 // -2.0 }}", "1e-25|-0.0|-4.0"),
            ("{{ 2 ** 3 ** 2 }}|{{ -2 ** 2 }}|{{ not 1 == 2 }}", "64|4|True"),
            ("{{ 1 < 2.5 < 10 ** 20 }}|{{ true + 1.5 }}", "True|2.5"),
            ("{{ 2.675 | round(2) }}|{{ 0.5 | round }}|{{ 25 | round(-1) }}", "2.67|0.0|20"),
            ("{{ 5e-324 }}|{{ 1e16 }}|{{ 123456789012345.6 }}", "5e-324|1e+16|123456789012345.6"),
            ("{{ '%.3e|%g|%+05d' % (12345.678, 1e-5, 7) }}", "1.235e+04|1e-05|+0007"),
            ("{{ '{:,}|{:>6.2f}|{:#x}'.format(1234567, 3.14159, 255) }}", "1,234,567|  3.14|0xff"),
            (
                "{{ 'a,b,,c'.split(',', 2) }}|{{ ' a  b '.rsplit(none, 1) }}",
                "['a', 'b', ',c']|[' a', 'b']"
            ),
            ("{{ 'ΑΣ ΣΑ' | lower }}|{{ 'ǆ'.title() }}", "ας σα|ǅ"),
            ("{{ 'e\u{301}' | length }}|{{ 'e\u{301}' == 'é' }}", "2|False"),
            ("{{ ('<b>' | safe) + '<' }}|{{ ('<b>' | safe) ~ '<' }}", "<b>&lt;|<b><"),
            ("{{ {1: 'a', 1.0: 'b', true: 'c'} }}", "{1: 'c'}"),
            ("{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"),
            ("{% set g = [1, 2] | map('string') %}{{ g | list }}{{ g | list }}", "['1', '2'][]"),
            (
                "{% for i in [1, 2, 3] if not ns %}{{ i }}{{ loop.last }}{% endfor %}",
                "1False2False3True"
            ),
            ("{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "1112"),
            ("{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "2"),
            ("{% if false %}{{ x | nothing }}{% endif %}ok", "ok"),
            ("{{ 'a' if false }}|{{ [1, 2][5] is defined }}", "|False"),
            ("{% for i in [1] %}{% continue %}{% else %}e{% endfor %}", "e"),
            (
                "{% for i in [1, 2] %}{{ i }}{% for j in [] %}{% else %}{% break %}{% endfor %}{% endfor %}",
                "1"
            ),
            ("{%- print 'a' -%} {# x #} {{- 'b' }}", "ab"),
            ("{{ [3, 1, 2] | sort(reverse=true) }}{{ 'b' in {'a': 1} }}", "[3, 2, 1]False"),
            ("{{ strftime_now('%-d %b %Y %V %U %e') }}", "1 Mar 2021 09 09  1"),
        ])
    func values(_ source: String, _ expected: String) throws {
        let clock = try #require(TemplateClock("2021-03-01"))
        let text = try ChatTemplate(source).render(JSONObject(), clock: clock).text
        #expect(Array(text.utf8) == Array(expected.utf8), "\(text)")
    }

    @Test(
        "names the line and the fault",
        arguments: [
            ("a\n{{ x.y }}", 2, TemplateFault.undefined(.variable("x"))),
            ("{% if a %}", 1, .missingEndTag(expected: ["elif", "else", "endif"])),
            ("\n\n{% nothing %}", 3, .unknownTag("nothing", expected: [])),
            ("{{ 1 | nothing }}", 1, .unknownFilter("nothing")),
            ("{{ 1 is nothing }}", 1, .unknownTest("nothing")),
            ("{{\n1 +\n'a' }}", 2, .operands(operation: "+", left: "int", right: "str")),
            ("{{ [].append(1) }}", 1, .undefined(.hidden("append", of: "list"))),
            ("{{ 1 // 0 }}", 1, .divisionByZero),
            ("{% include 'x' %}", 1, .refusedTag("include")),
            ("{% break %}", 1, .unknownTag("break", expected: ["a loop around it"])),
            ("{{ raise_exception('Only\n\"two\" é.') }}", 1, .raised("Only\n\"two\" é.")),
            ("{% set a, b = [1] %}", 1, .unpacking(expected: 2, found: 1)),
            ("{% macro m() %}{% endmacro %}{{ m(1) }}", 1, .tooManyArguments(of: "m", allowed: 0)),
            ("{{ 'abc", 1, .unclosed("a string")),
            ("{# abc", 1, .unclosed("a comment")),
            ("{{ (1] }}", 1, .unexpectedToken(found: "']'", expected: "')'")),
        ])
    func faults(_ source: String, line: Int, fault: TemplateFault) {
        #expect(throws: TemplateError(template: "t", line: line, fault: fault)) {
            _ = try ChatTemplate(source, name: "t").render(JSONObject())
        }
    }

    @Test("counts spans in scalars and in bytes")
    func spans() throws {
        let template = try ChatTemplate("é{% generation %}😀a{% endgeneration %}b")
        let rendered = try template.render(JSONObject())
        #expect(rendered.spans.map(\.scalars) == [1..<3])
        #expect(rendered.spans.map(\.bytes) == [2..<7])
        #expect(!rendered.hasHiddenSpans)
    }
}

@Suite("Template bounds")
struct TemplateBoundsTests {
    private static func nested(_ open: String, _ middle: String, _ close: String) -> String {
        String(repeating: open, count: 190) + middle + String(repeating: close, count: 190)
    }

    @Test(
        "stop a template that asks for too much",
        arguments: [
            (
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "steps"
            ),
            ("{{ 'x' * 99999999999 }}", "string"), ("{{ [0] * 999999999 }}", "take more"),
            ("{{ 10 ** (10 ** 9) }}", "integer"), ("{{ range(100001) }}", "range"),
            ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deeper"),
            ("{% set n = namespace(x=1) %}{% set n.x = n %}{{ n }}", "deeper"),
            (
                "{% set n = namespace(x=1) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}",
                "deeper"
            ),
            (
                "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
                "steps"
            ),
            ("{{ '{:99999999}'.format(1) }}", "string"), ("{{ '%99999999d' % 1 }}", "string"),
            ("{{ 'a' | center(99999999) }}", "string"),
            ("{{ " + nested("(", "1", ")") + nested("[", "1", "]") + " }}", "deeper"),
        ])
    func stopped(_ source: String, by word: String) {
        let limits = TemplateLimits(steps: 200_000, totalBytes: 64 << 20)
        let error = #expect(throws: TemplateError.self) {
            _ = try ChatTemplate(source).render(JSONObject(), limits: limits)
        }
        #expect(error.map { "\($0)".contains(word) } ?? false)
    }

    @Test(
        "let deep templates through",
        arguments: [
            "{{ " + String(repeating: "(", count: 60) + "1" + String(repeating: ")", count: 60)
                + " }}",
            String(repeating: "{% if true %}", count: 120) + "1"
                + String(repeating: "{% endif %}", count: 120),
            "{% macro f(n) %}{{ f(n - 1) if n else 1 }}{% endmacro %}{{ f(90) }}",
        ])
    func deep(_ source: String) throws {
        #expect(try ChatTemplate(source).render(JSONObject()).text == "1")
    }

    @Test("free values that hold each other")
    func cycles() throws {
        let source = """
            {% set n = namespace() %}{% set n.n = n %}{% macro m() %}{{ m }}{% endmacro %}
            {% for i in range(9999) %}{% set n.p = namespace(p=n.p) %}{% endfor %}
            """
        for _ in 0..<3 { _ = try ChatTemplate(source).render(JSONObject()) }
    }
}
