/// A teacher's answer in the student's tokens.
public enum Mapping: Sendable, Equatable {
    /// Token by token.
    case aligned(MappedAnswer)
    /// The teacher cut its text in another way than the student does; only the text is of use.
    case unaligned(TokenDifference)
}

/// An answer's tokens as the student has them, with the teacher's distribution at each.
public struct MappedAnswer: Sendable, Equatable {
    /// Which of the conversations it answers.
    public var index: Int
    /// The student's tokens.
    public private(set) var ids: [Int32] = []
    /// What the teacher thought at each of them.
    public private(set) var targets: [TokenTargets] = []
    /// Alternatives that are no token of the student; their probability is in the tails.
    public internal(set) var droppedAlternatives = 0

    init(index: Int) { self.index = index }

    mutating func append(_ id: Int, _ target: TokenTargets) {
        ids.append(Int32(id))
        targets.append(target)
    }

    /// Where the tokens stand in an example that was made of the answered conversation.
    ///
    /// The target at a place in the range is that of the token there, which the token before it
    /// predicts.
    ///
    /// - Parameter example: The conversation in the student's template.
    /// - Returns: The last place where all of them are trained; nil if there is none, because the
    ///   template changes the answer or the student cuts it otherwise beside other text.
    package func range(in example: TrainingExample) -> Range<Int>? {
        guard !ids.isEmpty, ids.count <= example.ids.count else { return nil }
        for start in (0...example.ids.count - ids.count).reversed() {
            let range = start..<start + ids.count
            if example.labels[range].elementsEqual(ids), example.ids[range].elementsEqual(ids) {
                return range
            }
        }
        return nil
    }

    /// How many tokens have fewer than so many log-probabilities.
    ///
    /// - Parameter count: What was asked for.
    /// - Returns: Their number.
    public func shortfalls(of count: Int) -> Int {
        targets.count { $0.ids.count < count }
    }
}

/// The most probable tokens at a place, the most probable first, and what all others share.
public struct TokenTargets: Sendable, Equatable {
    /// Tokens.
    public var ids: [Int32]
    /// Their natural log-probabilities.
    public var logProbabilities: [Float]
    /// The probability of all other tokens together.
    public var tailMass: Float
}

/// Where a teacher's tokens are not the student's.
public struct TokenDifference: Sendable, Equatable {
    /// The answer, from 0.
    public var answer: Int
    /// The token in it, from 0.
    public var token: Int
    /// The teacher's token; empty where its answer ends or the server does not tell.
    public var teacher: String
    /// The student's.
    public var student: String
}

/// Why a teacher's tokens cannot be carried over to a student.
public enum MappingError: Error, Equatable, CustomStringConvertible {
    /// Only the text was asked for.
    case noTokens(answer: Int)
    /// The student's tokens have no bytes of their own.
    case noBytes
    /// A token of the teacher is none of the student's.
    case differentTokenizer(TokenDifference)
    /// Too few of the answers are cut in the same way.
    case rarelyAligned(aligned: Int, count: Int, TokenDifference)

    /// One sentence: what, and what to do.
    public var description: String {
        switch self {
        case .noTokens(let answer):
            "answer \(answer + 1) of the teacher has no tokens; ask for them with top_logprobs."
        case .noBytes:
            "the student's tokens have no bytes of their own, so that a teacher's cannot be "
                + "compared with them; " + Self.advice
        case .differentTokenizer(let difference):
            "the teacher's tokenizer is not the student's: \(Self.sentence(difference)); "
                + Self.advice
        case .rarelyAligned(let aligned, let count, let difference):
            "only \(aligned) of \(count) answers have the student's tokens; in the first other "
                + "\(Self.sentence(difference)); " + Self.advice
        }
    }

    private static let advice = "learn from the teacher's text alone, with top_logprobs: 0."

    private static func sentence(_ difference: TokenDifference) -> String {
        "token \(difference.token + 1) of answer \(difference.answer + 1) is "
            + "\"\(difference.teacher.printable)\" there and \"\(difference.student.printable)\" "
            + "here"
    }
}

extension AnswerMapper {
    /// Carries all answers over.
    ///
    /// - Parameter answers: Those of a teacher.
    /// - Returns: One entry a conversation; nil where only the text is of use, because the answer
    ///   is not aligned or has nothing in it.
    /// - Throws: ``MappingError``, also if fewer than half of the answers are aligned; the errors
    ///   of the journal.
    public func map(_ answers: TeacherAnswers) throws -> [MappedAnswer?] {
        var mapped: [MappedAnswer?] = []
        var first: TokenDifference?
        var unaligned = 0
        for index in 0..<answers.count {
            let answer = try answers.answer(index)
            if answer.text.isEmpty {
                mapped.append(nil)
                continue
            }
            switch try map(answer) {
            case .aligned(let own): mapped.append(own)
            case .unaligned(let difference):
                mapped.append(nil)
                first = first ?? difference
                unaligned += 1
            }
        }
        let aligned = mapped.count { $0 != nil }
        if let first, aligned < unaligned {
            throw MappingError.rarelyAligned(
                aligned: aligned, count: aligned + unaligned, first)
        }
        return mapped
    }
}
