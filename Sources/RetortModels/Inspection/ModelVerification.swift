import RetortFiles
import RetortKernels

/// Reads all of a model and says whether it can be used.
package struct ModelVerification {
    /// What the model computes.
    package let description: DecoderDescription
    /// Tokenizer and template; nil if the model has none.
    package let text: ModelText?
    /// What is not wrong but worth knowing.
    package let warnings: [String]

    /// Checks that every weight is there with its shape and type, that every value is a number, and
    /// that the tokenizer fits the weights.
    ///
    /// - Throws: The first thing that is wrong.
    package init(_ files: ModelFiles, kernels: Kernels) throws {
        let model = try Model(files, kernels: kernels, precision: .float32)
        let unexpected = model.unexpectedTensors
        var warnings: [String] = []
        if !unexpected.isEmpty {
            let rest = unexpected.count > 5 ? " and \(unexpected.count - 5) more" : ""
            warnings.append(
                "\(files.path): the architecture has no tensor "
                    + unexpected.prefix(5).map(\.printable).joined(separator: ", ") + rest
                    + "; it is not used.")
        }
        let checked = try TextVerification(files, rows: model.description.vocabularySize)
        for tensor in files.tensors { try tensor.checkValues(kernels) }
        description = model.description
        text = checked.text
        self.warnings = warnings + checked.warnings
    }
}
