import Retort
import RetortKernels

/// `retort verify loss`: one loss and its gradients in f32, to compare with other frameworks.
enum VerifyLossCommand: Subcommand {
    struct Options: Equatable {
        let input: String
        let specification: String
        let output: String
    }

    static let help = CommandHelp(
        name: "verify loss", summary: "writes a loss and its gradients for comparison",
        discussion: """
            Computes one loss from given tensors with the code that training uses, in 32-bit \
            arithmetic, and writes loss and the gradients of the inputs (grad_NAME) as a \
            safetensors file. The loss is the mean over the rows whose label is not -100.

            --spec is a JSON object: loss (cross_entropy, label_smoothing, z_loss, forward_kl, \
            reverse_kl, generalized_jsd, skew_forward_kl, skew_reverse_kl, total_variation, \
            hinton, topk_tail, topk_renormalized, topk_renormalized_both, sampled, uld, \
            hidden_mse, hidden_cosine, attention_kl), form (logits, head, hidden, attention), and \
            params such as {"temperature": 2.0}. Docs/Distillation.md gives the formulas.

            The input holds labels (I64) and, by form, student_logits; student_hidden and \
            head_weight; student_hidden, teacher_hidden and perhaps projection; student_scores \
            and teacher_scores; the teacher's side of logits is teacher_logits, or teacher_ids \
            with teacher_logprobs and teacher_tail_mass, or teacher_ids with teacher_weights.
            """,
        options: [
            .value("--input", "CASE.safetensors", "The tensors."),
            .value("--spec", "JSON", "Which loss."),
            .value("--output", "OUT.safetensors", "The file to write."),
        ],
        examples: [
            .init(
                line: "retort verify loss --input case.safetensors --output out.safetensors "
                    + #"--spec '{"loss":"reverse_kl","form":"logits","params":{"temperature":2}}'"#,
                meaning: "Does another framework compute the same reverse KL?"),
            .init(
                line: "retort verify loss --input case.safetensors --output out.safetensors "
                    + #"--spec '{"loss":"hidden_cosine","form":"hidden"}'"#,
                meaning: "And the same distance of hidden states?"),
        ])

    static func options(_ arguments: Arguments) throws(UsageError) -> Options {
        Options(
            input: try arguments.required("--input"),
            specification: try arguments.required("--spec"),
            output: try arguments.required("--output"))
    }

    static func run(_ options: Options, on terminal: Terminal) throws {
        try LossCheck(
            try LossSpecification(options.specification), of: try LossTensors(options.input),
            kernels: try chosenKernels()
        ).run(to: options.output)
    }
}
