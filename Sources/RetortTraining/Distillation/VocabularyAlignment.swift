import RetortFiles
import RetortModels
import RetortTensor
import RetortText

/// How a teacher's vocabulary relates to its student's: the same, or the same tokens at other places.
struct VocabularyAlignment {
    /// The rows of the output matrices that are compared.
    let shared: VocabularyPairs
    /// For each token of the student the teacher's, or -1; nil where they are the same numbers.
    private let translation: [Int32]?
    /// Where they are the same numbers, how many both have.
    private let sameCount: Int
    private let teacherPath: String

    /// The student's own vocabulary.
    init(same count: Int, teacherPath: String) {
        shared = .first(count)
        translation = nil
        sameCount = count
        self.teacherPath = teacherPath
    }

    /// Compares two models' vocabularies, by token where their sizes or tokens differ.
    ///
    /// - Parameters:
    ///   - student: The model that learns.
    ///   - teacher: The model that teaches.
    ///   - hasText: Whether the data are text; else only numbers can be compared.
    /// - Throws: ``DistillationError``.
    init(student: Model, teacher: Model, hasText: Bool) throws {
        let counts = (student.description.vocabularySize, teacher.description.vocabularySize)
        if student.path == teacher.path || !hasText && counts.0 == counts.1 {
            self.init(same: counts.0, teacherPath: teacher.path)
            return
        }
        guard hasText else {
            throw DistillationError.otherVocabulary(
                teacher: teacher.path, count: counts.1, studentCount: counts.0)
        }
        try self.init(
            student: try student.text().tokenizer, count: counts.0,
            teacher: try teacher.text().tokenizer, teacherCount: counts.1,
            teacherPath: teacher.path)
    }

    /// Compares two tokenizers.
    ///
    /// - Parameters:
    ///   - student: The student's.
    ///   - count: Rows of its output matrix.
    ///   - teacher: The teacher's.
    ///   - teacherCount: Rows of its output matrix.
    ///   - teacherPath: For messages.
    /// - Throws: ``DistillationError/fewShared(teacher:shared:studentCount:)`` below nine tenths.
    init(
        student: Tokenizer, count: Int, teacher: Tokenizer, teacherCount: Int, teacherPath: String
    ) throws(DistillationError) {
        let tokens = min(count, student.vocabularySize)
        var places: [ExactKey: Int32] = [:]
        for id in 0..<min(teacherCount, teacher.vocabularySize) {
            if let token = teacher.token(id) { places[ExactKey(token)] = Int32(id) }
        }
        var translation = [Int32](repeating: -1, count: count)
        for id in 0..<tokens {
            if let token = student.token(id) { translation[id] = places[ExactKey(token)] ?? -1 }
        }
        let pairs = translation.indices.filter { translation[$0] >= 0 }
        guard pairs.count * 10 >= tokens * 9 else {
            throw .fewShared(teacher: teacherPath, shared: pairs.count, studentCount: tokens)
        }
        self.teacherPath = teacherPath
        if pairs.allSatisfy({ translation[$0] == Int32($0) }), pairs.last == pairs.count - 1 {
            // Rows behind the last token are padding; where both have as many, they are compared.
            sameCount = count == teacherCount ? count : pairs.count
            shared = .first(sameCount)
            self.translation = nil
        } else {
            shared = .pairs(
                student: pairs.map { Int32($0) }, teacher: pairs.map { translation[$0] })
            self.translation = translation
            sameCount = 0
        }
    }

    /// Makes sure that the teacher has every token of the data.
    ///
    /// - Parameters:
    ///   - data: The examples.
    ///   - student: For the message.
    /// - Throws: ``DistillationError/noToken(teacher:token:)``.
    func check(_ data: TrainingData, student: Model) throws {
        for example in data.examples {
            guard let id = example.ids.first(where: { !isKnown(Int($0)) }) else { continue }
            let token = try student.text().tokenizer.token(Int(id)) ?? "\(id)"
            throw DistillationError.noToken(teacher: teacherPath, token: token)
        }
    }

    /// Whether the teacher has a token of the student.
    func isKnown(_ id: Int) -> Bool {
        translation.map { $0[id] >= 0 } ?? (id < sameCount)
    }

    /// The teacher's numbers of the student's tokens, all of which it has.
    func translated(_ ids: [Int32]) -> [Int32] {
        guard let translation else { return ids }
        return ids.map { translation[Int($0)] }
    }
}
