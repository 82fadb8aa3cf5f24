import Foundation
import RetortFiles
import RetortKernels
import RetortText
import Testing

@testable import RetortModels

/// A copy of the tiny golden model, 12 rows in its embedding, with a tokenizer of 12 tokens.
private final class TinyModel {
    let path: String
    private static let formats =
        URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Fixtures/formats"

    init() throws {
        path = NSTemporaryDirectory() + "retort-verification-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: Self.formats + "/hf/good", toPath: path)
        try FileManager.default.copyItem(
            atPath: Self.formats + "/tokenizer/good.json", toPath: path + "/tokenizer.json")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func replace(_ text: String, with other: String, in name: String) throws {
        let url = URL(filePath: path + "/" + name)
        let old = try String(contentsOf: url, encoding: .utf8)
        #expect(old.contains(text))
        try old.replacing(text, with: other).write(to: url, atomically: true, encoding: .utf8)
    }

    func verify() throws -> ModelVerification {
        try ModelVerification(
            ModelFiles(path), kernels: #require(Kernels(threads: 1)))
    }
}

@Suite("Verification of models")
struct ModelVerificationTests {
    @Test("accepts a tokenizer with a row for every token")
    func fits() throws {
        let result = try TinyModel().verify()
        #expect(result.text?.tokenizer.vocabularySize == 12)
        #expect(result.warnings.count == 1 && result.warnings[0].contains("no chat template"))
    }

    @Test("refuses tokens without a row")
    func tokenBeyond() throws {
        let model = try TinyModel()
        try model.replace("\"h\": 7", with: "\"h\": 13", in: "tokenizer.json")
        #expect(
            throws: ModelError.tokenWithoutRow(path: model.path, token: "h", id: 13, rows: 12)
        ) { try model.verify() }
    }

    @Test("warns of an added token without a row, refuses it as the end token")
    func addedTokenBeyond() throws {
        let model = try TinyModel()
        try model.replace("\"id\": 11", with: "\"id\": 12", in: "tokenizer.json")
        let warnings = try model.verify().warnings
        #expect(warnings.contains { $0.contains("<end>") })
        try Data(#"{"eos_token": "<end>"}"#.utf8)
            .write(to: URL(filePath: model.path + "/tokenizer_config.json"))
        #expect(
            throws: ModelError.tokenWithoutRow(path: model.path, token: "<end>", id: 12, rows: 12)
        ) { try model.verify() }
    }

    @Test("refuses an end token outside the vocabulary")
    func endBeyond() throws {
        let model = try TinyModel()
        try model.replace(
            "\"eos_token_id\": 2", with: "\"eos_token_id\": [2, 12]", in: "config.json")
        #expect(
            throws: ModelError.badKey(
                path: model.path + "/config.json", key: "eos_token_id",
                reason: "is 12, outside the vocabulary of 12")
        ) { try model.verify() }
    }

    @Test("refuses a chat template that cannot be read")
    func badTemplate() throws {
        let model = try TinyModel()
        try Data("{% for m in messages %}".utf8)
            .write(to: URL(filePath: model.path + "/chat_template.jinja"))
        #expect(throws: TemplateError.self) { try model.verify() }
    }

    @Test("names the quantization of a folder that is not read")
    func quantized() throws {
        let model = try TinyModel()
        try model.replace(
            "\"model_type\"",
            with: "\"quantization_config\": {\"quant_method\": \"gptq\"}, \"model_type\"",
            in: "config.json")
        #expect(
            throws: ModelError.unsupportedQuantization(
                path: model.path + "/config.json", method: "gptq")
        ) { try model.verify() }
    }
}
