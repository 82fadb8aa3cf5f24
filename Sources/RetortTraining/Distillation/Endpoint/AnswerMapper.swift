import RetortFiles
import RetortText

/// Carries a teacher's tokens over to a student that has the same tokenizer.
///
/// An answer is aligned if the student cuts its text into the very tokens that the teacher chose.
/// Where it does not, because a teacher that draws its tokens may cut a text in an unusual way, the
/// answer has only its text; tokenizers that plainly differ are an error.
public struct AnswerMapper: Sendable {
    private let tokenizer: Tokenizer
    private let topCount: Int
    /// The id of each token's bytes.
    private let ids: [[UInt8]: Int]
    /// Whether the tokenizer puts a space before a text.
    private let addsSpace: Bool

    /// Prepares the table from bytes to ids.
    ///
    /// - Parameters:
    ///   - tokenizer: The student's.
    ///   - topCount: How many alternatives are kept at each token, the most probable ones.
    /// - Throws: ``MappingError/noBytes``, ``TokenizerError``.
    public init(_ tokenizer: Tokenizer, topCount: Int) throws {
        self.tokenizer = tokenizer
        self.topCount = max(1, topCount)
        var ids: [[UInt8]: Int] = [:]
        let all = Array(0..<tokenizer.vocabularySize)
        // Tokens of single bytes stand back behind those that spell the same.
        for id in all.filter({ tokenizer.byteToken($0) == nil })
            + all.filter({ tokenizer.byteToken($0) != nil })
        {
            if let bytes = tokenizer.bytes(of: id), ids[bytes] == nil { ids[bytes] = id }
        }
        self.ids = ids
        let first = try tokenizer.encode("a", addSpecialTokens: false).first
        guard let start = first.flatMap(tokenizer.bytes(of:)) else { throw MappingError.noBytes }
        addsSpace = start.first == Self.space
    }

    private static let space = UInt8(ascii: " ")

    /// Carries an answer over.
    ///
    /// - Parameter answer: One with tokens.
    /// - Returns: The student's tokens with their targets, or where the two first differ.
    /// - Throws: ``MappingError`` if a token of the teacher is none of the student's, or if there
    ///   are no tokens; ``TokenizerError``.
    public func map(_ answer: TeacherAnswer) throws -> Mapping {
        guard var tokens = answer.tokens else { throw MappingError.noTokens(answer: answer.index) }
        var own = try tokenizer.encode(answer.text, addSpecialTokens: false)
        if tokens.count == own.count + 1, let end = tokens.last {
            // Some servers count the token that ends the turn, others leave it out.
            if let id = end.chosen.bytes.flatMap({ ids[$0] }), tokenizer.isSpecial(id) {
                own.append(id)
            } else if end.chosen.bytes == nil {
                tokens.removeLast()
            }
        }
        let chosen = tokens.map(\.chosen.bytes)
        if let difference = try firstDifference(chosen, own, answer) {
            return .unaligned(difference)
        }
        var mapped = MappedAnswer(index: answer.index)
        for (position, (token, id)) in zip(tokens, own).enumerated() {
            let isBare = position == 0 && isBare(token.chosen.bytes, id)
            mapped.append(id, targets(token, id, isBare: isBare, &mapped.droppedAlternatives))
        }
        return .aligned(mapped)
    }

    /// Where the student's tokens are not the teacher's; nil if they are the same.
    private func firstDifference(
        _ chosen: [[UInt8]?], _ own: [Int], _ answer: TeacherAnswer
    ) throws(MappingError) -> TokenDifference? {
        for position in 0..<max(chosen.count, own.count) {
            let teacher = position < chosen.count ? chosen[position] : []
            let id = position < own.count ? own[position] : nil
            if let id, position < chosen.count, matches(teacher, id, isFirst: position == 0) {
                continue
            }
            let difference = TokenDifference(
                answer: answer.index, token: position,
                teacher: teacher.map { String(decoding: $0, as: UTF8.self) } ?? "",
                student: id.flatMap { tokenizer.bytes(of: $0) }
                    .map { String(decoding: $0, as: UTF8.self) } ?? "")
            // A teacher's token that the student cannot have: no accident of cutting.
            if let teacher, !teacher.isEmpty, ids[teacher] == nil {
                throw .differentTokenizer(difference)
            }
            return difference
        }
        return nil
    }

    private func matches(_ teacher: [UInt8]?, _ id: Int, isFirst: Bool) -> Bool {
        guard let own = tokenizer.bytes(of: id) else { return false }
        if teacher == own || (isFirst && isBare(teacher, id)) { return true }
        // Where a token is a part of a character, servers that give only text leave that part out.
        let text = String(decoding: own, as: UTF8.self)
        let whole = Array(String(text.unicodeScalars.filter { $0 != "\u{fffd}" }).utf8)
        return whole != own && (teacher == nil || teacher == whole)
    }

    /// Whether the server leaves out the space that the tokenizer puts before a text.
    private func isBare(_ teacher: [UInt8]?, _ id: Int) -> Bool {
        guard addsSpace, let teacher, let own = tokenizer.bytes(of: id) else { return false }
        return own == [Self.space] + teacher
    }

    /// Whether an alternative is the chosen token once more; its text may be that of another
    /// token where the server leaves something out.
    private func isAgain(_ chosen: TokenProbability, _ other: TokenProbability) -> Bool {
        chosen.bytes == other.bytes
            && (other.bytes != nil || chosen.logProbability == other.logProbability)
    }

    private func targets(
        _ token: AnswerToken, _ id: Int, isBare: Bool, _ dropped: inout Int
    ) -> TokenTargets {
        var found = [id: token.chosen.logProbability]
        for alternative in token.alternatives where !isAgain(token.chosen, alternative) {
            guard let bytes = alternative.bytes else {
                dropped += 1
                continue
            }
            let bare = isBare ? ids[[Self.space] + bytes] : nil
            guard let other = bare ?? ids[bytes] else {
                dropped += 1
                continue
            }
            if found[other] == nil { found[other] = alternative.logProbability }
        }
        let sorted = found.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(topCount)
        let mass = sorted.reduce(0) { $0 + exponential($1.value) }
        return TokenTargets(
            ids: sorted.map { Int32($0.key) }, logProbabilities: sorted.map(\.value),
            tailMass: Float(max(0, 1 - mass)))
    }
}
