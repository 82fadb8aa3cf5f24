import RetortFiles

extension Model {
    /// A student of some of the model's layers; what is kept stays in the mapped files.
    ///
    /// It is opened anew: nothing that was trained or put beside this model's weights is in it.
    ///
    /// - Parameter selection: The layers to keep.
    /// - Returns: The student, a model of its own.
    /// - Throws: ``StudentError`` if the model does not have these layers.
    public func keeping(_ selection: LayerSelection) throws -> Model {
        let kept = try selection.layers(of: description.layers.count, path: path)
        var plan = plan ?? StudentPlan(description)
        plan.layers = kept.map { plan.layers[$0] }
        return try reopened(plan)
    }

    /// The model as its files and plan make it, without what was trained or put beside its weights.
    package func reopened() throws -> Model { try reopened(plan) }

    private func reopened(_ plan: StudentPlan?) throws -> Model {
        try Model(
            files, initialization: initialization, plan: plan, kernels: decoder.workspace.kernels,
            precision: decoder.workspace.activationType == .bfloat16 ? .bfloat16 : .float32)
    }
}
