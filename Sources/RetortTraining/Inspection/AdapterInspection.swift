import RetortFiles
import RetortModels

/// An adapter: a PEFT folder, or a GGUF file as llama.cpp reads it.
enum AdapterInspection: InspectedKind {
    static let takesBase = true

    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.holds("adapter_config.json") || target.holds("adapter_model.safetensors")
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        try inspect(AdapterContents(target.path), target)
    }

    /// Tells what an adapter is, and when verifying, whether it fits its base.
    static func inspect(
        _ adapter: AdapterContents, _ target: InspectionTarget
    ) throws -> InspectionReport {
        if target.verifies {
            let base = try target.base.map { try RunResult($0)?.model ?? $0 }
            try adapter.verify(base: base, kernels: target.kernels())
        }
        let what = adapter.isGGUF ? "LoRA adapter, GGUF file" : "LoRA adapter, PEFT folder"
        var sheet = FactSheet(
            kind: adapter.isGGUF ? "adapter-gguf" : "adapter", title: "\(what) \(target.path)")
        let name = adapter.baseName
        sheet.add(
            "base", name.map { "\($0) (as it says; not opened)" } ?? "not named",
            ("base", name.map(JSONValue.string) ?? .null))
        sheet.add(settings: adapter)
        sheet.add(modules: adapter.modules)
        if target.verifies {
            let against =
                target.base.map { "for \($0)" } ?? "in itself; --base MODEL checks the fit"
            sheet.addVerified("every matrix and value, \(against)")
        }
        sheet.add(tensors: adapter.tensors)
        guard adapter.namesOutsideBase, let name else { return InspectionReport(sheet) }
        let advice = target.base == nil ? "; name the base with --base" : ""
        return InspectionReport(
            sheet,
            warnings: [
                "\(target.path)/adapter_config.json: base_model_name_or_path is \(name.printable), "
                    + "a path outside this folder, which is not opened\(advice)."
            ])
    }
}

extension FactSheet {
    /// Adds rank, scale and targets.
    fileprivate mutating func add(settings adapter: AdapterContents) {
        let settings = adapter.configuration
        let ranks = Set(adapter.modules.compactMap { $0.a?.shape.first }).sorted()
        add(
            "rank", list(ranks.map(String.init)),
            ("rank", .integer(adapter.isGGUF ? ranks.first ?? 0 : settings.rank)),
            ("ranks", .array(ranks.map(JSONValue.integer))))
        let stabilized = settings.usesRankStabilizedScale
        add(
            "alpha",
            "\(Humanized.rate(settings.alpha)), scale alpha / "
                + (stabilized ? "√rank (rsLoRA)" : "rank"),
            ("alpha", .number(settings.alpha)), ("rslora", .bool(stabilized)))
        guard !adapter.isGGUF else { return }
        add("dropout", "\(settings.dropout)", ("dropout", .number(settings.dropout)))
        switch settings.targets {
        case .names(let names):
            add("targets", list(names), ("target_modules", .array(names.map(JSONValue.string))))
        case .pattern(let pattern):
            add("targets", pattern, ("target_modules", .string(pattern)))
        case .allLinear:
            add("targets", "all linear layers", ("target_modules", .string("all-linear")))
        }
        add(patterns: settings.rankPattern.map { ($0.key, Double($0.value)) }, "rank")
        add(patterns: settings.alphaPattern.map { ($0.key, $0.value) }, "alpha")
    }

    private mutating func add(patterns: [(key: String, value: Double)], _ name: String) {
        guard !patterns.isEmpty else { return }
        add(
            "\(name) by pattern",
            list(patterns.map { "\($0.key): \(Humanized.rate($0.value))" }),
            ("\(name)_pattern", .object(JSONObject(patterns.map { ($0.key, .number($0.value)) }))))
    }

    /// Adds how many modules of which name there are.
    fileprivate mutating func add(modules: [AdapterContents.Module]) {
        var names: [String] = []
        var counts: [String: Int] = [:]
        for module in modules {
            let name = module.name.split(separator: ".").last.map(String.init) ?? module.name
            if counts[name] == nil { names.append(name) }
            counts[name, default: 0] += 1
        }
        add(
            "modules",
            "\(modules.count): " + list(names.map { "\($0) × \(counts[$0] ?? 0)" }),
            ("modules", .array(modules.map { .string($0.name) })))
    }
}
