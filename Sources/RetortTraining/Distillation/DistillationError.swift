import RetortFiles

/// Why a student cannot learn from a teacher.
public enum DistillationError: Error, Equatable, CustomStringConvertible {
    /// A layer is named that a model does not have.
    case noLayer(key: String, layer: Int, count: Int)
    /// The vocabularies differ and there is no tokenizer to compare them by.
    case otherVocabulary(teacher: String, count: Int, studentCount: Int)
    /// The teacher has no token for one that the data use.
    case noToken(teacher: String, token: String)
    /// Too few tokens are the same.
    case fewShared(teacher: String, shared: Int, studentCount: Int)
    /// Attention maps need as many heads on both sides.
    case otherHeads(layer: Int, heads: Int, teacherHeads: Int)
    /// No token of the student ends where one of the teacher's does.
    case nothingAligned(teacher: String)
    /// No token of the data is of the kind that has a soft part.
    case nothingTaught(data: String, tokens: String)
    /// Token ids have no text by which other tokenizers could be aligned.
    case tokensAcrossTokenizers(teacher: String)
    /// What templates put around turns differs, and is learned too.
    case templatesAcrossTokenizers(teacher: String)
    /// Drawn tokens mean nothing to another tokenizer.
    case samplesAcrossTokenizers(path: String)
    /// No answer of a teacher can be learned from.
    case noAnswers(path: String)
    /// A plan would have to ask the endpoint.
    case dryRunOfEndpoint
    /// Drawn tokens were drawn at temperature 1.
    case temperatureOfSamples(path: String)
    /// Attention maps are not there while layers are computed twice.
    case attentionWithCheckpointing

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .noLayer(let key, let layer, let count):
            "\(key): there is no layer \(layer) in a model of \(count)."
        case .otherVocabulary(let teacher, let count, let studentCount):
            "\(teacher): the teacher's vocabulary has \(count) tokens and the student's "
                + "\(studentCount), and tokens alone (data.format tokens) cannot be matched; take a "
                + "teacher of the same family."
        case .noToken(let teacher, let token):
            "\(teacher): the teacher has no token \(token.printable), which the data use; "
                + "set distillation.loss to uld, which aligns different tokenizers."
        case .fewShared(let teacher, let shared, let studentCount):
            "\(teacher): the teacher's vocabulary has only \(shared) of the student's "
                + "\(studentCount) tokens; set distillation.loss to uld, which aligns different "
                + "tokenizers."
        case .otherHeads(let layer, let heads, let teacherHeads):
            "distillation.attention: the student's layer \(layer) has \(heads) heads and the "
                + "teacher's \(teacherHeads); attention maps need as many on both sides."
        case .nothingAligned(let teacher):
            "\(teacher): no learned token of the data ends where one of the teacher's does; the two "
                + "chat templates may not mark the same turns, or the soft targets are of other data."
        case .nothingTaught(let data, let tokens):
            "\(data): no token is \(tokens), so the teacher has nothing to say; choose other "
                + "distillation.tokens."
        case .tokensAcrossTokenizers(let teacher):
            "\(teacher): distillation.loss uld aligns texts, and data.format tokens has none."
        case .templatesAcrossTokenizers(let teacher):
            "\(teacher): distillation.loss uld aligns what the assistant says, which is all that two "
                + "templates have in common; set data.train_on to assistant."
        case .samplesAcrossTokenizers(let path):
            "\(path): holds drawn tokens, which mean nothing to another tokenizer; make it with "
                + "--top-k for distillation.loss uld."
        case .noAnswers(let path):
            "\(path): none of the teacher's answers can be learned from; they are empty or cut off: "
                + "raise distillation.endpoint.max_tokens."
        case .dryRunOfEndpoint:
            "The data of this recipe are the endpoint's answers, and asking for them may cost money; "
                + "train to ask, or look at a file of answers from retort ask with task: sft."
        case .temperatureOfSamples(let path):
            "\(path): holds tokens drawn at temperature 1; set distillation.temperature to 1."
        case .attentionWithCheckpointing:
            "distillation.attention needs training.gradient_checkpointing to be false."
        }
    }
}
