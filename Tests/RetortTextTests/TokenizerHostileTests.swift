import Foundation
import RetortFiles
import Testing

@testable import RetortText

@Suite("A hostile tokenizer or text")
struct TokenizerHostileTests {
    private let clock = ContinuousClock()

    private func tokenizer(_ name: String) throws -> Tokenizer {
        let folder = TokenizerGolden.fixtures.appending(path: name)
        return try Tokenizer(contentsOf: folder.appending(path: "tokenizer.json").path)
    }

    /// A tokenizer of two letters with other steps in front of the model.
    private func small(_ steps: String) throws -> Tokenizer {
        let json = """
            {\(steps), "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
            """
        return try Tokenizer(json: Array(json.utf8), path: "small")
    }

    @Test("patterns that backtrack without end are given up")
    func pattern() throws {
        let steps = #"""
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$|(a|a)*c"},
                              "behavior": "Isolated"}
            """#
        let tokenizer = try small(steps)
        let text = String(repeating: "a", count: 40) + "b"
        #expect(throws: TokenizerError.tooMuchEffort(pattern: "(a+)+$|(a|a)*c")) {
            try tokenizer.encode(text)
        }
    }

    @Test("replacements that double a text again and again are given up")
    func replacements() throws {
        let double = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
        let all = Array(repeating: double, count: 60).joined(separator: ",")
        let tokenizer = try small(
            #""normalizer": {"type": "Sequence", "normalizers": [\#(all)]}"#)
        #expect(throws: TokenizerError.tooLong(byteCount: 98305)) { try tokenizer.encode("ba") }
    }

    @Test(
        "long runs take time in proportion to their length",
        arguments: ["a", " ", "\n", "1", "天", "!", "\u{301}", "<|", "aB1 "])
    func longRuns(unit: String) throws {
        let text = String(repeating: unit, count: 30_000)
        for name in ["bpe_smollm", "bpe_llama3", "bpe_qwen2", "bpe_llama2_first", "unigram_albert"]
        {
            let tokenizer = try tokenizer(name)
            var ids: [Int] = []
            let time = try clock.measure { ids = try tokenizer.encode(text) }
            #expect(!ids.isEmpty)
            #expect(time < .seconds(20), "\(name) on a run of \(unit)")
        }
    }

    @Test("many threads get the same ids")
    func threads() async throws {
        let tokenizer = try tokenizer("bpe_smollm")
        let texts = (0..<40).map { "Line \($0): the quick brown fox isn't 12.5 kg, \($0 * 7919)." }
        let wanted = try texts.map { try tokenizer.encode($0) }
        let found = try await withThrowingTaskGroup(of: [[Int]].self) { group in
            for _ in 0..<8 {
                group.addTask { try texts.map { try tokenizer.encode($0) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(found.allSatisfy { $0 == wanted })
    }

    @Test("a SentencePiece file survives being cut anywhere and damaged at any byte")
    func sentencePiece() throws {
        // Two pieces and a trainer that asks for byte pairs.
        let piece: [UInt8] = [0x0a, 0x08, 0x0a, 0x01, 0x61, 0x15, 0x00, 0x00, 0x80, 0x3f]
        let unknown: [UInt8] = [0x0a, 0x05, 0x0a, 0x01, 0x3f, 0x18, 0x02]
        let bytes = unknown + piece + [0x12, 0x02, 0x18, 0x02]
        let whole = try Tokenizer(sentencePiece: bytes, path: "whole")
        #expect(try whole.encode("ab") == [0, 1, 0])
        for end in 0..<bytes.count {
            _ = try? Tokenizer(sentencePiece: Array(bytes[..<end]), path: "cut").encode("ab")
        }
        for index in bytes.indices {
            for value in [UInt8(0), 1, 0x7f, 0x80, 0xff] {
                var damaged = bytes
                damaged[index] = value
                let tokenizer = try? Tokenizer(sentencePiece: damaged, path: "damaged")
                _ = try? tokenizer?.encode("a b")
                _ = tokenizer?.decode([0, 1, 2, -1, .max])
            }
        }
    }

    @Test("ids out of range decode to nothing")
    func ids() throws {
        let tokenizer = try tokenizer("bpe_gpt2")
        #expect(tokenizer.decode([-1, .max, .min, 1 << 40]).isEmpty)
        #expect(tokenizer.token(-1) == nil)
        var decoder = tokenizer.makeStreamingDecoder()
        #expect(decoder.append(-5) == nil && decoder.finish().isEmpty)
    }
}
