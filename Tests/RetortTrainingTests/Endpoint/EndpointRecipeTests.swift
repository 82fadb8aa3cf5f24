import RetortFiles
import Testing

@testable import RetortTraining

@Suite("The endpoint section")
struct EndpointRecipeTests {
    private func read(
        _ yaml: String, overrides: [String: String] = [:]
    ) throws -> EndpointRecipe {
        var context = RecipeContext(file: "r.yaml").inside("distillation").inside("endpoint")
        for (key, text) in overrides { context.overrides[ExactKey(key)] = text }
        return try EndpointRecipe(
            reading: try YAMLParser.parse(yaml), of: "endpoint", in: context)
    }

    @Test("reads what it writes")
    func whole() throws {
        let recipe = try read(
            """
            url: http://127.0.0.1:8080/v1/
            model: teacher
            api_key_variable: MY_KEY_2
            temperature: 1
            max_tokens: 12
            top_logprobs: 5
            concurrency: 3
            requests_per_minute: 90
            retries: 0
            timeout_seconds: 7.5
            """)
        #expect(recipe.url.text == "http://127.0.0.1:8080/v1")
        #expect(recipe.apiKeyVariable?.text == "MY_KEY_2" && recipe.requestsPerMinute == 90)
        #expect(recipe.temperature == 1 && recipe.maxTokens == 12 && recipe.topLogprobs == 5)
        #expect(recipe.concurrency == 3 && recipe.retries == 0 && recipe.timeoutSeconds == 7.5)
        #expect(try read(YAMLWriter.write(recipe.recipeNode)) == recipe)
    }

    @Test("has defaults for all but address and model")
    func defaults() throws {
        let recipe = try read("{url: 'https://a.example/v1', model: m}")
        #expect(recipe.apiKeyVariable == nil && recipe.requestsPerMinute == nil)
        #expect(recipe.topLogprobs == 20 && recipe.temperature == 0)
        for (yaml, key) in [("{model: m}", "url"), ("{url: 'http://a'}", "model")] {
            #expect(
                throws: RecipeError.missing(
                    "distillation.endpoint.\(key)", .file("r.yaml", line: 1))
            ) { _ = try read(yaml) }
        }
    }

    private static let secret = "sk-Abc123Secret"

    @Test(
        "refuses a key or a password without repeating it",
        arguments: [
            (
                "{url: 'http://a', model: m, api_key_variable: \(secret)}",
                "api_key_variable must be"
            ),
            ("{url: 'http://a', model: m, api_key: \(secret)}", "did you mean api_key_variable?"),
            ("{url: 'http://me:\(secret)@a', model: m}", "without user name, password or query"),
            ("{url: 'http://a/?key=\(secret)', model: m}", "without user name, password or query"),
            ("{url: [\(secret)], model: m}", "url must be"),
        ])
    func secrets(_ yaml: String, _ part: String) throws {
        do {
            _ = try read(yaml)
            Issue.record("accepted")
        } catch {
            #expect("\(error)".hasPrefix("r.yaml:1: "))
            #expect("\(error)".contains(part))
            #expect(!"\(error)".contains(Self.secret))
        }
    }

    @Test(
        "does not repeat an override that holds a key", arguments: ["api_key", "api_key_variable"])
    func overrides(_ key: String) throws {
        let name = "distillation.endpoint.\(key)"
        do {
            _ = try read(
                "{url: 'http://a', model: m, \(key): \(Self.secret)}",
                overrides: [name: "\(name)=\(Self.secret)"])
            Issue.record("accepted")
        } catch {
            #expect("\(error)".hasPrefix("--set \(name)=…: "))
            #expect(!"\(error)".contains(Self.secret))
        }
    }

    @Test(
        "takes names of variables only",
        arguments: [
            ("A", true), ("_KEY", true), ("OPENAI_API_KEY", true), ("", false), ("1A", false),
            ("key", false), ("A-B", false), ("A B", false),
            (String(repeating: "A", count: 65), false),
        ])
    func names(_ text: String, _ isName: Bool) {
        #expect((VariableName(text) != nil) == isName)
    }
}
