import RetortKernels
import RetortTensor

extension Model {
    /// A student of some of the model's layers; what is kept stays in the mapped files.
    ///
    /// It is opened anew: nothing that was trained or put beside this model's weights is in it.
    ///
    /// - Parameter selection: The layers to keep.
    /// - Returns: The student, a model of its own.
    /// - Throws: ``StudentError`` if the model does not have these layers.
    public func keeping(_ selection: LayerSelection) throws -> Model {
        try checkStudent()
        let kept = try selection.layers(of: description.layers.count, path: path)
        var plan = plan ?? StudentPlan(description)
        plan.keep(kept)
        return try reopened(plan)
    }

    /// A student of the most important parts of a model that is whole itself.
    ///
    /// - Parameters:
    ///   - selection: The layers to keep; nil for all.
    ///   - sizes: How many heads and channels to keep.
    ///   - importance: Measured on this model; needed where sizes are given.
    ///   - sliceType: How matrices that lose rows or columns are kept in memory.
    /// - Returns: The student.
    /// - Throws: ``StudentError`` for what cannot be kept.
    package func pruned(
        keeping selection: LayerSelection? = nil, to sizes: StudentSizes = StudentSizes(),
        by importance: Importance? = nil, sliceType: ElementType = .float32
    ) throws -> Model {
        guard self.plan == nil else { throw StudentError.isStudent(path: path) }
        try checkStudent()
        var plan = StudentPlan(description)
        plan.sliceType = sliceType
        if let selection {
            plan.keep(try selection.layers(of: description.layers.count, path: path))
        }
        if sizes.isNarrower {
            let sizes = try sizes.settled(for: description, path: path)
            guard let importance else { throw StudentError.noCalibration(path: path) }
            plan.narrow(to: sizes, by: importance, of: description)
        }
        return try reopened(plan)
    }

    /// How much every layer changes what passes through it, measured on some documents: what
    /// ``LayerSelection/influential(_:_:)`` chooses by.
    ///
    /// - Parameter documents: Token ids, all within the vocabulary.
    /// - Returns: One minus the mean cosine of a layer's input and output, for every layer.
    /// - Throws: ``StudentError/notFinite(path:)``.
    public func layerInfluences(on documents: [[Int32]]) throws -> [Double] {
        try Importance(of: self, on: documents).layers
    }

    /// Refuses sizes that a student cannot have, and a model with an adapter, which the student would
    /// lose.
    package func checkStudent(_ sizes: StudentSizes = StudentSizes()) throws(StudentError) {
        if decoder.adapterConfiguration != nil { throw .hasAdapter(path: path) }
        if sizes.isNarrower { _ = try sizes.settled(for: description, path: path) }
    }

    /// The plan, if files and plan do not make the model that the files describe.
    var changedPlan: StudentPlan? {
        plan ?? (initialization.sizes == ModelSizes() ? nil : StudentPlan(description))
    }

    /// How many layers the files have.
    var storedLayerCount: Int {
        (try? Self.describe(files).description.layers.count) ?? description.layers.count
    }

    /// Whether its weights are not those of its files.
    package var isDrawn: Bool { initialization != .stored }

    /// All values of all parameters; a tied output matrix counts once.
    package var parameterCount: Int { modelTensors().reduce(0) { $0 + $1.count } }

    /// All of the model that this is a student of, as its files say.
    package func whole() throws -> Model { try reopened(nil) }

    /// The model as its files and plan make it, without what was trained or put beside its weights.
    package func reopened() throws -> Model { try reopened(plan) }

    private func reopened(_ plan: StudentPlan?) throws -> Model {
        try Model(
            files, initialization: initialization, plan: plan.flatMap { $0.isWhole ? nil : $0 },
            kernels: decoder.workspace.kernels,
            precision: precision)
    }
}
