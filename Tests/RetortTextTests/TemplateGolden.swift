import Foundation
import RetortFiles
import RetortText
import Testing

/// A template and what transformers renders with it.
struct TemplateGolden: CustomTestStringConvertible, Sendable {
    let folder: URL
    var testDescription: String { folder.lastPathComponent }

    /// The clock of all recorded renderings.
    static let clock = TemplateClock("2024-07-26T12:34:56")

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
    /// The cases kept in this repository.
    static let fixtures = folders(in: tests.appending(path: "Fixtures/templates"))
    /// The cases outside the repository, with published models' templates.
    static let shared = ["templates", "more/templates"].flatMap {
        folders(in: tests.appending(path: "../../shared/goldens/\($0)").standardizedFileURL)
    }

    private static func folders(in root: URL) -> [TemplateGolden] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.sorted().map { TemplateGolden(folder: root.appending(path: $0)) }
            .filter {
                FileManager.default.fileExists(
                    atPath: $0.folder.appending(path: "template.jinja").path)
            }
    }

    /// The template's source, byte for byte.
    func source() throws -> String {
        let data = try Data(contentsOf: folder.appending(path: "template.jinja"))
        return String(decoding: data, as: UTF8.self)
    }

    /// The recorded cases.
    func cases() throws -> [JSONValue] {
        try Data(contentsOf: folder.appending(path: "cases.jsonl")).split(separator: 0x0a)
            .map { try JSONParser.parse(Array($0)) }
    }

    /// What the template is given in a case: the messages with reasoning under all its names.
    static func variables(of golden: JSONValue) -> JSONObject {
        var variables = golden["variables"]?.object ?? JSONObject()
        variables["messages"] = .array((golden["messages"]?.array ?? []).map(withReasoning))
        variables["tools"] = golden["tools"] ?? .null
        variables["documents"] = .null
        variables["add_generation_prompt"] = golden["add_generation_prompt"] ?? .null
        return variables
    }

    private static func withReasoning(_ message: JSONValue) -> JSONValue {
        let keys = ["reasoning_content", "thinking", "reasoning"]
        guard var members = message.object,
            let reasoning = keys.lazy.compactMap({ members[$0] }).first(where: { $0 != .null })
        else { return message }
        members["reasoning_content"] = reasoning
        if members["thinking"] == nil { members["thinking"] = reasoning }
        return .object(members)
    }

    /// Holds all renderings against the recorded ones.
    func check() throws {
        let cases = try cases()
        #expect(!cases.isEmpty)
        let template = try? ChatTemplate(source(), name: testDescription)
        for golden in cases {
            let name = golden["name"]?.string ?? ""
            do {
                let parsed = try template ?? ChatTemplate(source(), name: testDescription)
                let rendered = try parsed.render(
                    Self.variables(of: golden), clock: try #require(Self.clock))
                let expected = try #require(golden["text"]?.string, "\(name) must fail")
                #expect(Array(rendered.text.utf8) == Array(expected.utf8), "\(name)")
                guard let spans = golden["spans"]?.array else { continue }
                let found = rendered.spans.map { [$0.scalars.lowerBound, $0.scalars.upperBound] }
                #expect(found == spans.map { $0.array?.compactMap(\.integer) }, "\(name)")
            } catch let error as TemplateError {
                #expect(golden["text"] == nil, "\(name): \(error)")
                if golden["judge"]?.string == "message" {
                    #expect(error.fault == .raised(golden["error"]?.string ?? ""), "\(name)")
                }
            }
        }
    }
}

@Suite("Template renderings")
struct TemplateRenderingTests {
    @Test("equal those of jinja2", arguments: TemplateGolden.fixtures)
    func engine(_ golden: TemplateGolden) throws { try golden.check() }

    @Test("are there to be compared")
    func present() { #expect(TemplateGolden.fixtures.count == 40) }

    @Test(
        "equal those of transformers for published models",
        .enabled(if: !TemplateGolden.shared.isEmpty, "the shared golden files are not here"),
        arguments: TemplateGolden.shared)
    func published(_ golden: TemplateGolden) throws { try golden.check() }
}
