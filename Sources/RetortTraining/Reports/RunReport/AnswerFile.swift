import RetortFiles

/// Answers that an evaluation kept: a line of JSON each, as `retort evaluate --output` writes.
struct AnswerFile: Sendable {
    /// One answer.
    struct Answer: Sendable {
        /// Stands for what was asked and what was expected; equal in files of the same data.
        let question: String
        /// What was asked, turn by turn.
        let prompt: [Turn]
        /// What should have been said; nil if the file does not tell.
        let expected: String?
        /// What was said.
        let answer: String
        /// Whether it was right; nil if the file does not tell.
        let isCorrect: Bool?
    }

    /// A message of a conversation.
    struct Turn: Sendable {
        /// Who speaks.
        let role: String
        /// What is said.
        let content: String
    }

    /// What the file is called beside others.
    var name: String
    /// Its path.
    let path: String
    /// The answers, in the order of the file.
    private(set) var answers: [Answer] = []
    /// Lines that are no answers.
    private(set) var leftOut = 0
    /// Whether more lines follow than are read.
    private(set) var isCutOff = false

    /// Answers that are read of a file.
    private static let maximumCount = 20_000
    /// Characters of a text that are kept.
    private static let maximumLength = 2_000

    /// Reads a file.
    ///
    /// - Throws: ``FileError`` if it is not there or no file.
    init(_ path: String, name: String) throws {
        self.path = path
        self.name = name
        guard
            var reader = try LineReader.opening(
                path, maximumLength: 1 << 20, maximumCount: Self.maximumCount)
        else { return }
        while let line = reader.next() {
            if let answer = line.bytes.flatMap(Self.answer) {
                answers.append(answer)
            } else {
                leftOut += 1
            }
        }
        isCutOff = reader.isCutOff
    }

    private static func answer(_ line: [UInt8]) -> Answer? {
        let value = try? JSONParser.parse(line, maximumDepth: 32, allowsNonFinite: true)
        guard let object = value?.object, let answer = object["answer"]?.string else { return nil }
        let messages = object["messages"]?.array ?? []
        let expected = object["expected"]?.string
        let identity = JSONValue.array(messages + [expected.map(JSONValue.string) ?? .null])
        return Answer(
            question: SHA256.hash(identity.serializedBytes()),
            prompt: messages.prefix(64).map { message in
                Turn(
                    role: cut(message["role"]?.string ?? "", at: 32),
                    content: cut(message["content"]?.string ?? "…"))
            },
            expected: expected.map { cut($0) }, answer: cut(answer),
            isCorrect: object["correct"]?.bool)
    }

    private static func cut(_ text: String, at length: Int = maximumLength) -> String {
        guard text.utf8.count > length else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(length))) + "…"
    }

    /// Answers of which it is known whether they are right.
    var judgedCount: Int { answers.count { $0.isCorrect != nil } }

    /// Answers that are right.
    var correctCount: Int { answers.count { $0.isCorrect == true } }
}

/// The same question in several files.
struct AnsweredQuestion: Sendable {
    /// An answer that has the question's words.
    let question: AnswerFile.Answer
    /// The answers, one per file; nil where the file does not have it.
    let answers: [AnswerFile.Answer?]

    /// Chooses questions so that every kind of outcome is seen.
    ///
    /// Questions are sorted by which files answered them rightly; the kinds are gone through in
    /// turn, the first question of each in the order of the files first.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - limit: The most questions.
    /// - Returns: The questions, kind after kind.
    static func samples(_ files: [AnswerFile], limit: Int = 8) -> [AnsweredQuestion] {
        let tables = files.map { file in
            Dictionary(
                file.answers.map { ($0.question, $0) }, uniquingKeysWith: { first, _ in first })
        }
        var seen: Set<String> = []
        var kinds: [(outcome: [Bool?], questions: [AnsweredQuestion])] = []
        for answer in files.flatMap(\.answers) where seen.insert(answer.question).inserted {
            let all = tables.map { $0[answer.question] }
            let outcome = all.map { $0?.isCorrect }
            let question = AnsweredQuestion(question: answer, answers: all)
            if let kind = kinds.firstIndex(where: { $0.outcome == outcome }) {
                if kinds[kind].questions.count < limit { kinds[kind].questions.append(question) }
            } else if kinds.count < limit {
                kinds.append((outcome, [question]))
            }
        }
        var counts = kinds.map { _ in 0 }
        var left = limit
        while left > 0,
            let kind = kinds.indices.filter({ counts[$0] < kinds[$0].questions.count })
                .min(by: { (counts[$0], $0) < (counts[$1], $1) })
        {
            counts[kind] += 1
            left -= 1
        }
        return zip(kinds, counts).flatMap { $0.questions.prefix($1) }
    }
}
