import RetortFiles

/// Which layers of student and teacher are compared, counted from 1; 0 is the embedding.
public enum MatchedLayers: RecipeValue {
    /// Every layer of the student with the teacher's at the same height.
    case uniform
    /// The last of both.
    case last
    /// These: the student's layer, then the teacher's.
    case pairs([LayerPair])

    /// A layer of the student and one of the teacher.
    public struct LayerPair: Sendable, Equatable {
        /// The student's.
        public var student: Int
        /// The teacher's.
        public var teacher: Int

        /// Creates a pair.
        public init(student: Int, teacher: Int) {
            self.student = student
            self.teacher = teacher
        }
    }

    static let meaning = """
        Which layers are compared: `uniform` (each of the student's with the teacher's at the same \
        height), `last`, or pairs as in [[5, 10], [15, 30]], counted from 1, the student's first.
        """

    /// What a recipe may say.
    public static var expectation: String {
        "uniform, last, or a list of pairs of layers, the student's first"
    }

    /// Reads a word, or a list of pairs that is not empty.
    public init?(recipe node: YAMLNode) {
        if case .string(let word) = node.value {
            switch word {
            case "uniform": self = .uniform
            case "last": self = .last
            default: return nil
            }
        } else {
            guard let lists = [[Int]](recipe: node), !lists.isEmpty,
                lists.allSatisfy({ $0.count == 2 && $0[0] >= 0 && $0[1] >= 0 })
            else { return nil }
            self = .pairs(lists.map { LayerPair(student: $0[0], teacher: $0[1]) })
        }
    }

    /// The word or the list.
    public var recipeNode: YAMLNode {
        switch self {
        case .uniform: YAMLNode(.string("uniform"))
        case .last: YAMLNode(.string("last"))
        case .pairs(let pairs): pairs.map { [$0.student, $0.teacher] }.recipeNode
        }
    }

    /// The pairs for two models.
    ///
    /// - Parameters:
    ///   - student: Layers of the student.
    ///   - teacher: Layers of the teacher.
    ///   - lowest: The lowest number that means something: 0 for hidden states, 1 for attention.
    ///   - key: The recipe's key, for messages.
    /// - Returns: The student's and the teacher's layer of each pair.
    /// - Throws: ``DistillationError/noLayer(key:layer:count:)``.
    func resolved(
        student: Int, teacher: Int, lowest: Int, key: String
    ) throws(DistillationError) -> [LayerPair] {
        switch self {
        case .uniform:
            // Rounded half up; a teacher of less than half the depth would have a layer 0.
            return (1...max(1, student)).map {
                let height = (2 * $0 * teacher + student) / (2 * student)
                return LayerPair(student: $0, teacher: max(lowest, height))
            }
        case .last: return [LayerPair(student: student, teacher: teacher)]
        case .pairs(let pairs):
            for pair in pairs {
                for (layer, count) in [(pair.student, student), (pair.teacher, teacher)]
                where layer < lowest || layer > count {
                    throw .noLayer(key: key, layer: layer, count: count)
                }
            }
            return pairs
        }
    }
}
