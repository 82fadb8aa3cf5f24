import RetortFiles
import RetortText
import Testing

@testable import RetortTraining

@Suite("A teacher's tokens as the student's")
struct AnswerMapperTests {
    private static func tokenizer(_ name: String = "bpe_smollm") throws -> Tokenizer {
        try Tokenizer(contentsOf: fixtures + "/tokenizers/\(name)/tokenizer.json")
    }

    /// An answer whose tokens are those of a tokenizer, each with probability 1/2.
    private static func answer(
        _ text: String, _ tokenizer: Tokenizer, lossy: Bool = false
    ) throws -> TeacherAnswer {
        let tokens = try tokenizer.encode(text, addSpecialTokens: false).map { id in
            let bytes = try #require(tokenizer.bytes(of: id))
            let isWhole = String(validating: bytes, as: UTF8.self) != nil
            return token(lossy && !isWhole ? nil : bytes)
        }
        return answer(text, tokens)
    }

    private static func answer(_ text: String, _ tokens: [AnswerToken]?) -> TeacherAnswer {
        TeacherAnswer(
            index: 4,
            message: JSONObject([("role", .string("assistant")), ("content", .string(text))]),
            finishReason: "stop", tokens: tokens, usage: TokenUsage())
    }

    private static func token(
        _ bytes: [UInt8]?, _ others: [(String?, Float)] = []
    ) -> AnswerToken {
        let half = Float(-0.693_147_2)
        return AnswerToken(
            chosen: TokenProbability(bytes: bytes, logProbability: half),
            alternatives: others.map {
                TokenProbability(bytes: $0.0.map { Array($0.utf8) }, logProbability: $0.1)
            })
    }

    private static func aligned(_ mapping: Mapping) throws -> MappedAnswer {
        guard case .aligned(let answer) = mapping else {
            Issue.record("\(mapping)")
            throw MappingError.noBytes
        }
        return answer
    }

    @Test(
        "are the ids of the text, also where the server does not tell all bytes",
        arguments: ["bpe_smollm", "bpe_llama3", "bpe_llama2_first"], [false, true])
    func ids(_ name: String, _ isLossy: Bool) throws {
        let tokenizer = try Self.tokenizer(name)
        let mapper = try AnswerMapper(tokenizer, topCount: 3)
        let text = "The cat – 日本 🧪 – sat at 12.\n"
        let answer = try Self.answer(text, tokenizer, lossy: isLossy)
        let mapped = try Self.aligned(mapper.map(answer))
        let ids = try tokenizer.encode(text, addSpecialTokens: false)
        #expect(mapped.ids == ids.map { Int32($0) } && mapped.index == 4)
        #expect(mapped.targets.map(\.ids) == ids.map { [Int32($0)] })
        #expect(mapped.targets.allSatisfy { abs($0.tailMass - 0.5) < 1e-6 })
        #expect(mapped.shortfalls(of: 3) == ids.count)
    }

    @Test("are found where a server leaves out the beginning of a character")
    func leftOut() throws {
        let tokenizer = try Self.tokenizer()
        let mapper = try AnswerMapper(tokenizer, topCount: 3)
        let space = try #require(tokenizer.id(of: "Ġ"))
        var answer = try Self.answer(" 🧪", tokenizer)
        let ids = try tokenizer.encode(" 🧪", addSpecialTokens: false)
        for index in ids.indices {
            let bytes = try #require(answer.tokens?[index].chosen.bytes).filter { $0 < 0x80 }
            answer.tokens?[index].chosen.bytes = bytes.isEmpty ? nil : bytes
            if let chosen = answer.tokens?[index].chosen {
                answer.tokens?[index].alternatives = [chosen]
            }
        }
        let mapped = try Self.aligned(mapper.map(answer))
        #expect(mapped.ids == ids.map { Int32($0) } && mapped.droppedAlternatives == 0)
        #expect(mapped.targets.map(\.ids.count) == ids.map { _ in 1 })
        #expect(!mapped.ids.dropFirst().contains(Int32(space)))
    }

    @Test("have alternatives, the most probable first, and the rest in the tail")
    func alternatives() throws {
        let tokenizer = try Self.tokenizer()
        let mapper = try AnswerMapper(tokenizer, topCount: 3)
        let token = Self.token(
            Array("a".utf8),
            [
                ("b", -2), ("a", -0.693_147_2), ("no such token", -3), (nil, -4), ("c", -1.9),
                ("d", -9),
            ])
        let mapped = try Self.aligned(mapper.map(Self.answer("a", [token])))
        let ids = try ["a", "c", "b"].map { Int32(try #require(tokenizer.id(of: $0))) }
        let target = try #require(mapped.targets.first)
        #expect(target.ids == ids)
        #expect(target.logProbabilities == [-0.693_147_2, -1.9, -2])
        let mass = 0.5 + exponential(-1.9) + exponential(-2)
        #expect(abs(Double(target.tailMass) - (1 - mass)) < 1e-6)
        #expect(mapped.droppedAlternatives == 2)
    }

    @Test("take a space that the server leaves out at the start")
    func bare() throws {
        let tokenizer = try Self.tokenizer("bpe_llama2_first")
        let mapper = try AnswerMapper(tokenizer, topCount: 2)
        var answer = try Self.answer("the a", tokenizer)
        answer.tokens?[0].chosen.bytes?.removeFirst()
        let ids = try tokenizer.encode("the a", addSpecialTokens: false)
        #expect(try Self.aligned(mapper.map(answer)).ids == ids.map { Int32($0) })
    }

    @Test("include the token that ends the turn where the server counts it")
    func end() throws {
        let tokenizer = try Self.tokenizer()
        let mapper = try AnswerMapper(tokenizer, topCount: 2)
        let plain = try Self.answer("a b", tokenizer)
        let ids = try tokenizer.encode("a b", addSpecialTokens: false).map { Int32($0) }
        var named = plain
        named.tokens?.append(Self.token(Array("<|im_end|>".utf8)))
        #expect(try Self.aligned(mapper.map(named)).ids == ids + [2])
        var unnamed = plain
        unnamed.tokens?.append(Self.token(nil))
        #expect(try Self.aligned(mapper.map(unnamed)).ids == ids)
    }

    @Test("are found in the example, where they are trained")
    func range() throws {
        let tokenizer = try Self.tokenizer()
        let mapper = try AnswerMapper(tokenizer, topCount: 1)
        let mapped = try Self.aligned(mapper.map(Self.answer("a b", tokenizer)))
        let (own, none) = (mapped.ids, Int32(-100))
        let blank = own.map { _ in none }
        let ids = [1] + own + [5] + own + [6] + own
        func range(_ labels: [Int32]) -> Range<Int>? {
            mapped.range(in: TrainingExample(ids: ids, labels: labels, line: 1))
        }
        let second = own.count + 2
        #expect(
            range([none] + own + [none] + own + [6] + blank) == second..<second + own.count)
        #expect(range(ids.map { _ in none }) == nil)
        #expect(mapped.range(in: TrainingExample(ids: [1], labels: [1], line: 1)) == nil)
    }

    @Test("are not taken where the text is cut otherwise")
    func unaligned() throws {
        let tokenizer = try Self.tokenizer()
        let mapper = try AnswerMapper(tokenizer, topCount: 2)
        let first = try #require(tokenizer.encode("the", addSpecialTokens: false).first)
        #expect(tokenizer.bytes(of: first) == Array("the".utf8))
        let pieces = ["t", "h", "e"].map { Self.token(Array($0.utf8)) }
        let difference = TokenDifference(answer: 4, token: 0, teacher: "t", student: "the")
        #expect(try mapper.map(Self.answer("the", pieces)) == .unaligned(difference))
        // Too many and too few.
        let the = Self.token(Array("the".utf8))
        #expect(
            try mapper.map(Self.answer("the", [the, the]))
                == .unaligned(TokenDifference(answer: 4, token: 1, teacher: "the", student: "")))
        #expect(
            try mapper.map(Self.answer("the", []))
                == .unaligned(TokenDifference(answer: 4, token: 0, teacher: "", student: "the")))
    }

    @Test("are refused where the tokenizers plainly differ")
    func different() throws {
        let mapper = try AnswerMapper(Self.tokenizer(), topCount: 2)
        let answer = Self.answer("zyx abc", [Self.token(Array("zyx abc".utf8))])
        do {
            _ = try mapper.map(answer)
            Issue.record("accepted")
        } catch let error as MappingError {
            #expect(
                "\(error)".hasPrefix(
                    "the teacher's tokenizer is not the student's: token 1 of answer 5 is "
                        + "\"zyx abc\" there and \"z"))
            #expect(
                "\(error)".hasSuffix("learn from the teacher's text alone, with top_logprobs: 0."))
        }
        #expect(throws: MappingError.noTokens(answer: 4)) { try mapper.map(Self.answer("a", nil)) }
        #expect(throws: MappingError.noBytes) {
            try AnswerMapper(Self.tokenizer("wordpiece_uncased"), topCount: 2)
        }
    }
}
