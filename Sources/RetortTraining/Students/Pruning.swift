import RetortFiles
import RetortModels
import RetortTensor

/// A model made smaller: what was measured, what was kept, and the student that came out.
public struct Pruning {
    /// What to keep.
    public struct Request: Sendable, Equatable {
        /// How many layers; nil for all, or as many as are listed.
        public var layerCount: Int?
        /// Which layers those are.
        public var layers = KeptLayers.uniform
        /// How many heads and channels.
        public var sizes = StudentSizes()
        /// How the student's weights are stored.
        public var type = ExportType.bf16

        /// Keeps everything.
        public init() {}

        /// Whether data are needed to choose by.
        public var needsCalibration: Bool { layers == .importance || sizes.isNarrower }
    }

    /// What takes long, with a number of documents.
    public enum Stage: String, Sendable {
        /// The model's parts are measured.
        case importance = "measuring"
        /// The model's loss is measured.
        case before = "perplexity before"
        /// The student's loss is measured.
        case after = "perplexity after"
    }

    /// What was made smaller.
    public let model: Model
    /// What came out; its weights stay in the model's files where they lost nothing.
    public let student: Model
    /// What was asked for.
    public let request: Request
    let importance: Importance?
    let perplexities: (before: Perplexity.Result, after: Perplexity.Result)?

    /// Measures, chooses and cuts.
    ///
    /// - Parameters:
    ///   - model: The whole model.
    ///   - request: What to keep.
    ///   - calibration: Data to measure importance and perplexity on; needed to choose by importance.
    ///   - onProgress: Told how many documents of a stage are done.
    /// - Throws: ``StudentError`` for what cannot be kept.
    public init(
        _ model: Model, _ request: Request, calibration: Calibration? = nil,
        onProgress: (Stage, Int) -> Void = { _, _ in }
    ) throws {
        self.model = model
        self.request = request
        // What cannot be is told before anything is measured.
        try model.checkStudent(request.sizes)
        if request.needsCalibration, calibration == nil {
            throw StudentError.noCalibration(path: model.path)
        }
        let count = request.layerCount ?? request.layers.list?.count
        if let count, request.layers != .importance {
            _ = try request.layers.selection(of: count, influences: { [] })
                .layers(of: model.description.layers.count, path: model.path)
        }
        let importance = try calibration?.importance(of: model) { onProgress(.importance, $0) }
        self.importance = importance
        let selection = count.map {
            request.layers.selection(of: $0) { importance?.layers ?? [] }
        }
        student = try model.pruned(
            keeping: selection, to: request.sizes, by: importance,
            sliceType: request.type == .bf16 ? .bfloat16 : .float32)
        let student = student
        perplexities = calibration.map {
            (
                $0.perplexity(of: model) { onProgress(.before, $0) },
                $0.perplexity(of: student) { onProgress(.after, $0) }
            )
        }
    }

    /// Writes the student as a Hugging Face folder, read again and compared.
    ///
    /// - Parameters:
    ///   - path: Where it will appear; a folder there must be empty.
    ///   - progress: Called with the part done, 0 to 1.
    /// - Returns: What was written.
    /// - Throws: ``ExportError``, and the errors of the formats and of files.
    public func write(
        to path: String, progress: (Double) -> Void = { _ in }
    ) throws -> ExportReport {
        try student.export(to: path, format: .huggingFace, type: request.type, progress: progress)
    }
}
