import RetortFiles

/// A data file for supervised training, made of a teacher's answers.
public struct AnsweredData: Sendable, Equatable {
    /// Conversations that were written.
    public private(set) var written = 0
    /// Conversations that were left out, by what is wrong with the answer.
    public private(set) var flaws: [TeacherAnswer.Flaw: Int] = [:]
    /// Tokens with fewer log-probabilities than were asked for.
    public private(set) var shortTokens = 0
    /// The line of each conversation in the file, from 1; nil where it was left out.
    private(set) var lines: [Int?] = []

    /// Writes each conversation with the teacher's answer at its end, in the order of the data.
    ///
    /// Where log-probabilities were asked for, a line has them too, as `logprobs` in the
    /// protocol's own form.
    ///
    /// - Parameters:
    ///   - answers: The teacher's.
    ///   - prompts: What it was asked.
    ///   - topLogprobs: How many log-probabilities were asked for at each token.
    ///   - path: The file.
    /// - Throws: ``FileError``, ``EndpointError/damagedJournal(path:line:)``.
    public init(
        writing answers: TeacherAnswers, to prompts: [TeacherPrompt], topLogprobs: Int,
        path: String
    ) throws {
        var file = try AtomicFile(path)
        for (index, prompt) in prompts.enumerated() {
            let answer = try answers.answer(index)
            if let flaw = answer.flaw {
                flaws[flaw, default: 0] += 1
                lines.append(nil)
                continue
            }
            var row = prompt.answered(by: answer)
            if let tokens = answer.tokens {
                let list = JSONValue.array(tokens.map(\.protocolJSON))
                row["logprobs"] = .object(JSONObject([("content", list)]))
                shortTokens += tokens.count { $0.alternatives.count < topLogprobs }
            }
            try file.write(JSONValue.object(row).serializedBytes(.spaced) + [UInt8(ascii: "\n")])
            written += 1
            lines.append(written)
        }
        _ = try file.finish()
    }
}

extension AnswerToken {
    /// The token as the protocol writes it.
    fileprivate var protocolJSON: JSONValue {
        var object = chosen.protocolJSON
        object["top_logprobs"] = .array(alternatives.map { .object($0.protocolJSON) })
        return .object(object)
    }
}

extension TokenProbability {
    fileprivate var protocolJSON: JSONObject {
        JSONObject([
            ("token", .string(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "\u{fffd}")),
            ("logprob", .number(Double("\(logProbability)") ?? 0)),
            ("bytes", bytes.map { .array($0.map { .integer(Int($0)) }) } ?? .null),
        ])
    }
}
