import RetortFiles

// What a student's configuration says differently from that of the model it is made of.

extension JSONObject {
    /// Makes the keys of a model's `config.json` those of its student.
    mutating func describe(_ student: Model, _ plan: StudentPlan) {
        for (key, size) in student.description.sizes { self[key.huggingFace] = .integer(size) }
        let windowFree = ModelConfiguration.Key.windowFreeLayerCount.huggingFace
        if let count = self[windowFree]?.integer {
            self[windowFree] = .integer(plan.count(below: count))
        }
        if let types = self["layer_types"]?.array {
            let isKnown = plan.layers.allSatisfy(types.indices.contains)
            self["layer_types"] = isKnown ? .array(plan.layers.map { types[$0] }) : nil
        }
        // The name is that of the model, whose weights are others.
        self["_name_or_path"] = nil
    }
}

extension GGUFMetadata {
    /// Makes the keys of a model's GGUF file those of its student.
    mutating func describe(_ student: Model, _ plan: StudentPlan) {
        guard let architecture = self["general.architecture"]?.string else { return }
        func name(_ key: ModelConfiguration.Key) -> String { "\(architecture).\(key.gguf)" }
        for (key, size) in student.description.sizes {
            self[name(key)] = .uint32(UInt32(clamping: size))
        }
        self["\(architecture).attention.value_length"] = self[name(.headSize)]
        let rotated = "\(architecture).rope.dimension_count"
        let rotary = student.description.layers.first?.attention.rotary
        if self[rotated] != nil, let rotary {
            self[rotated] = .uint32(UInt32(clamping: rotary.rotatedSize))
        }
        if let count = self[name(.windowFreeLayerCount)]?.integer {
            self[name(.windowFreeLayerCount)] = .uint32(UInt32(clamping: plan.count(below: count)))
        }
        // These say where the model is from and how large it is, whose weights are others.
        for key in [
            "general.size_label", "general.repo_url", "general.source.repo_url",
            "general.source.huggingface.repository",
        ] { self[key] = nil }
    }
}

extension StudentPlan {
    /// How many kept layers come before a layer of the model.
    fileprivate func count(below layer: Int) -> Int { layers.count { $0 < layer } }
}

extension DecoderDescription {
    /// The sizes that a student can have of its own, by their keys.
    fileprivate var sizes: [(key: ModelConfiguration.Key, size: Int)] {
        guard let layer = layers.first else { return [] }
        return [
            (.hiddenSize, hiddenSize), (.innerSize, layer.feedForward.innerSize),
            (.layerCount, layers.count), (.headCount, layer.attention.headCount),
            (.keyValueHeadCount, layer.attention.keyValueHeadCount),
            (.headSize, layer.attention.headSize),
        ]
    }
}
