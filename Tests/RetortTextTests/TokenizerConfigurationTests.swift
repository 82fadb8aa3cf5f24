import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("Tokenizer configuration")
struct TokenizerConfigurationTests {
    /// Runs `body` with a folder that has the given files.
    private func withFolder<Result>(
        _ files: [String: String], _ body: (String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(folder.path)
    }

    @Test("tokens may be texts or objects, and the first file decides")
    func tokens() throws {
        let files = [
            "tokenizer_config.json":
                #"{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null}"#,
            "special_tokens_map.json": #"{"bos_token": "<x>", "pad_token": "<pad>"}"#,
        ]
        let configuration = try withFolder(files, TokenizerConfiguration.init(folder:))
        #expect(configuration.bosToken == "<s>")
        #expect(configuration.eosToken == "</s>")
        #expect(configuration.paddingToken == "<pad>")
        #expect(configuration.unknownToken == nil)
        #expect(configuration.chatTemplate == nil)
    }

    @Test("chat templates come as text, as a list and as files")
    func templates() throws {
        let one = #"{"chat_template": "A"}"#
        let list = #"""
            {"chat_template": [{"name": "tool_use", "template": "T"},
                               {"name": "default", "template": "D"}]}
            """#
        func read(_ files: [String: String]) throws -> TokenizerConfiguration {
            try withFolder(files, TokenizerConfiguration.init(folder:))
        }
        #expect(try read(["tokenizer_config.json": one]).chatTemplate == "A")
        let named = try read(["tokenizer_config.json": list])
        #expect(named.chatTemplate == "D")
        #expect(named.chatTemplates.map(\.name) == ["tool_use", "default"])
        let files = [
            "tokenizer_config.json": one, "chat_template.jinja": "B",
            "additional_chat_templates/rag.jinja": "R",
        ]
        #expect(try read(files).chatTemplate == "B")
        #expect(try read(files).chatTemplates.map(\.text) == ["B", "R"])
    }

    @Test("a value of another type is an error with its key")
    func wrongType() throws {
        try withFolder(["tokenizer_config.json": #"{"eos_token": 3}"#]) { folder in
            let path = "\(folder)/tokenizer_config.json"
            #expect(
                throws: TokenizerError.wrongType(
                    path: path, key: "eos_token", expected: "an object")
            ) { try TokenizerConfiguration(folder: folder) }
        }
    }

    @Test("a folder's tokenizer knows its tokens")
    func roles() throws {
        let tokenizer = TokenizerGolden.fixtures.appending(path: "bpe_llama3/tokenizer.json")
        let files = [
            "tokenizer.json": try String(contentsOf: tokenizer, encoding: .utf8),
            "tokenizer_config.json":
                #"{"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}"#,
        ]
        let read = try withFolder(files, Tokenizer.init(folder:))
        #expect(read.roles.bosID == 0 && read.roles.eosID == 4)
        #expect(read.addsBOS && !read.addsEOS)
    }

    @Test("a GGUF file's keys are read")
    func gguf() throws {
        var metadata = GGUFMetadata()
        metadata["tokenizer.chat_template"] = .string("D")
        metadata["tokenizer.chat_templates"] = .array(GGUFArray(["tool_use"]))
        metadata["tokenizer.chat_template.tool_use"] = .string("T")
        let path = TokenizerGolden.fixtures.appending(path: "bpe_gpt2/tokenizer.json").path
        var tokenizer = try Tokenizer(contentsOf: path)
        tokenizer.roles.eosID = 0
        let configuration = TokenizerConfiguration(metadata, tokenizer: tokenizer)
        #expect(configuration.eosToken == "<|endoftext|>")
        #expect(configuration.chatTemplates.map(\.text) == ["D", "T"])
    }
}
