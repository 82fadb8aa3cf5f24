/// The names in a file of soft targets; `Docs/SoftTargets.md` explains them.
enum SoftTargetSchema {
    static let format = "retort soft targets"
    static let version = 1

    enum Attribute {
        static let format = "format"
        static let version = "version"
        static let mode = "mode"
        static let topK = "top_k"
        static let samples = "samples"
        static let proposalPower = "proposal_power"
        static let seed = "seed"
        static let tokens = "tokens"
        static let vocabularySize = "vocabulary_size"
        static let teacher = "teacher_fingerprint"
        static let tokenizer = "tokenizer_fingerprint"
        static let data = "data_fingerprint"
    }

    enum Dataset {
        static let offsets = "documents/offsets"
        static let rowOffsets = "documents/row_offsets"
        static let lines = "documents/lines"
        static let ids = "tokens/ids"
        static let labels = "tokens/labels"
        static let spans = "tokens/spans"
        static let positions = "targets/positions"
        static let targetIDs = "targets/ids"
        static let logProbabilities = "targets/log_probabilities"
        static let tailMass = "targets/tail_mass"
        static let weights = "targets/weights"
    }

    static let groups = ["documents", "tokens", "targets"]
    /// The largest vocabulary whose ids fit into 16 bits.
    static let smallVocabulary = 1 << 16
    /// More than any model has; what a file claims beyond it costs no memory.
    static let largestVocabulary = 1 << 24
}

/// What a file of soft targets says about itself.
public struct SoftTargetDescription: Sendable, Equatable {
    /// What is kept of each distribution.
    public var mode: SoftTargetMode
    /// The tokens for which distributions are kept.
    public var tokens: DistilledTokens
    /// The size of the teacher's vocabulary, from which all ids are.
    public var vocabularySize: Int
    /// A sum of the teacher's weights.
    public var teacherFingerprint: String
    /// A sum of the teacher's vocabulary and how it encodes; empty for one without tokenizer.
    public var tokenizerFingerprint: String
    /// The SHA-256 of the data file.
    public var dataFingerprint: String

    /// Whether ids are kept in 16 bits.
    var hasSmallIDs: Bool { vocabularySize <= SoftTargetSchema.smallVocabulary }
}
