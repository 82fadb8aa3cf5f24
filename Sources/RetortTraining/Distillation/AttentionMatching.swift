import RetortModels
import RetortTensor

/// Attention maps of chosen layers that a student matches.
struct AttentionMatching {
    let pairs: [MatchedLayers.LayerPair]
    private let recipe: AttentionRecipe
    private let student: Decoder

    /// A student's queries and keys of a layer.
    struct Student {
        let q, k: Variable
        let rotary: RotaryTable?
    }

    /// Chooses the layers.
    ///
    /// - Parameters:
    ///   - recipe: The section.
    ///   - student: Who learns.
    ///   - teacher: Who teaches, with as many heads.
    /// - Throws: ``DistillationError``.
    init(_ recipe: AttentionRecipe, student: Decoder, teacher: Decoder) throws(DistillationError) {
        self.recipe = recipe
        self.student = student
        pairs = try recipe.layers.resolved(
            student: student.layers.count, teacher: teacher.layers.count, lowest: 1,
            key: "distillation.attention.layers")
        for pair in pairs {
            let heads = student.layers[pair.student - 1].shape.headCount
            let teacherHeads = teacher.layers[pair.teacher - 1].shape.headCount
            guard heads == teacherHeads else {
                throw .otherHeads(layer: pair.student, heads: heads, teacherHeads: teacherHeads)
            }
        }
    }

    /// Adds the mean divergence over all pairs to a loss.
    ///
    /// - Parameters:
    ///   - value: The loss so far.
    ///   - queries: The student's, by layer.
    ///   - teacher: The teacher's, by layer.
    ///   - layout: Positions and documents.
    ///   - tokens: Those that count.
    ///   - count: How many count in the step.
    ///   - tape: Records.
    func add(
        to value: inout ObjectiveValue, _ queries: [Int: Student],
        _ teacher: [Int: AttentionMatch.AttentionQueries], _ layout: TokenLayout, tokens: [Int],
        count: Int, on tape: Tape
    ) {
        let share = 1 / Double(count * pairs.count)
        var sum = 0.0
        for pair in pairs {
            guard let own = queries[pair.student], let target = teacher[pair.teacher] else {
                preconditionFailure("every layer of a pair is kept")
            }
            let match = AttentionMatch(
                shape: student.layers[pair.student - 1].shape, layout: layout,
                rotary: own.rotary, teacher: target, tokens: tokens,
                scale: Float(recipe.weight * share))
            let outputs = tape.apply(match, [own.q, own.k])
            value.losses.append(outputs[0])
            sum += outputs[1].value.sum(ofRow: 0) * share
        }
        value.add("attention_loss", sum, weight: recipe.weight)
    }
}
