import RetortModels
import RetortTensor

/// A teacher in memory, which reads what the student reads.
struct LiveTeacher {
    let decoder: Decoder
    /// Whether it is the student's own model without what is trained.
    private let isStudentsBase: Bool

    /// Opens the teacher of a recipe; the student's own files are not opened twice.
    ///
    /// - Parameters:
    ///   - path: A model, or a run folder.
    ///   - student: The model that is trained.
    /// - Returns: The teacher, and the model that it is.
    /// - Throws: ``ModelError`` and the errors of the formats.
    static func opened(_ path: String, student: Model) throws -> (LiveTeacher, model: Model) {
        let run = try RunResult(path)
        let workspace = student.decoder.workspace
        if run == nil, path == student.path, !student.isDrawn {
            if student.plan == nil {
                return (LiveTeacher(decoder: student.decoder, isStudentsBase: true), student)
            }
            let whole = try student.whole()
            return (LiveTeacher(decoder: whole.decoder, isStudentsBase: false), whole)
        }
        let model = try Model(
            run?.model ?? path, kernels: workspace.kernels,
            precision: workspace.activationType == .bfloat16 ? .bfloat16 : .float32)
        if let adapter = run?.adapter { try model.attachAdapter(adapter) }
        return (LiveTeacher(decoder: model.decoder, isStudentsBase: false), model)
    }

    /// What a teacher says of some tokens.
    struct Reading {
        /// Final hidden states, a row per token.
        let hidden: Tensor
        /// Hidden states by their number.
        var states: [Int: Tensor] = [:]
        /// Queries and keys by their layer, counted from 1.
        var attention: [Int: AttentionMatch.AttentionQueries] = [:]
    }

    /// Reads tokens; nothing is recorded for a backward pass.
    ///
    /// - Parameters:
    ///   - ids: The tokens, in the teacher's numbers.
    ///   - layout: Positions and documents.
    ///   - states: Hidden states to keep.
    ///   - attention: Layers whose queries and keys to keep.
    ///   - profile: Where its time counts.
    /// - Returns: What it says.
    func read(
        _ ids: [Int32], _ layout: TokenLayout, states: Set<Int> = [], attention: Set<Int> = [],
        profile: StepProfile?
    ) -> Reading {
        var kept: [Int: Tensor] = [:], queries: [Int: AttentionMatch.AttentionQueries] = [:]
        var context = ForwardContext(layout: layout, isBase: isStudentsBase)
        if !attention.isEmpty {
            context.observeAttention = { [decoder] layer, q, k, rotary in
                guard attention.contains(layer + 1) else { return }
                queries[layer + 1] = .init(
                    q.value, k.value, decoder.layers[layer].shape, rotary, layout.positions,
                    in: decoder.workspace)
            }
        }
        decoder.workspace.profile = profile
        let hidden = decoder.workspace.profiled(pass: .teacher) {
            decoder.hiddenStates(
                ids, context, on: Tape(decoder.workspace, isRecording: false),
                observe: { number, state in
                    if states.contains(number) { kept[number] = state.value }
                })
        }
        return Reading(hidden: hidden.value, states: kept, attention: queries)
    }

    /// Its logits, formed where they are compared.
    func signal(_ reading: Reading) -> TeacherSignal {
        .hidden(reading.hidden, head: decoder.head.weight)
    }
}
