import RetortFiles

/// An HDF5 file: its datasets, and what a file of soft targets says about itself.
enum HDF5Inspection: InspectedKind {
    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.isFile(named: ".h5", ".hdf5") || target.begins(with: HDF5File.signature)
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let file = try HDF5File(target.path)
        let holdsTargets = SoftTargetFile.isOne(file)
        // Of other files nothing is known that would make them usable.
        if target.verifies, !holdsTargets {
            throw SoftTargetError.notSoftTargets(path: target.path)
        }
        var sheet =
            holdsTargets
            ? FactSheet(kind: "soft_targets", title: "Soft targets \(target.path)")
            : FactSheet(kind: "hdf5", title: "HDF5 file \(target.path)")
        let size = try MappedFile(target.path).size
        sheet.add("size", Humanized.bytes(size), ("bytes", .integer(size)))
        if holdsTargets {
            let targets =
                target.verifies
                ? try SoftTargetFile(target.path) : try SoftTargetFile(unchecked: target.path)
            sheet.add(targets, byteCount: size)
        }
        let datasets = try file.datasetNames().map { name in try file.dataset(name) }
        sheet.add(
            table: ["dataset", "type", "shape"],
            datasets.map { [$0.name, $0.type.rawValue, "\($0.shape)"] })
        sheet.add(
            "datasets",
            .array(
                datasets.map { dataset in
                    .object(
                        JSONObject([
                            ("name", .string(dataset.name)),
                            ("type", .string(dataset.type.rawValue)),
                            ("shape", .array(dataset.shape.map(JSONValue.integer))),
                        ]))
                }))
        if target.verifies { sheet.addVerified("every value") }
        return InspectionReport(sheet)
    }
}

extension FactSheet {
    /// Adds what a file of soft targets holds.
    fileprivate mutating func add(_ file: SoftTargetFile, byteCount: Int) {
        let description = file.description
        switch description.mode {
        case .topK(let k):
            add(
                "targets", "the \(k) most probable tokens, and the mass of the others",
                ("mode", .string("top_k")), ("top_k", .integer(k)))
        case .samples(let count, let power, let seed):
            add(
                "targets", "\(count) samples, proposal power \(power), seed \(seed)",
                ("mode", .string("samples")), ("samples", .integer(count)),
                ("proposal_power", .number(power)), ("seed", .integer(Int(clamping: seed))))
        }
        add(
            "documents", Humanized.count(file.documentCount),
            ("documents", .integer(file.documentCount)))
        add(
            "tokens",
            "\(Humanized.count(file.tokenCount)), targets for \(Humanized.count(file.rowCount)) "
                + "(\(description.tokens.rawValue)), "
                + "\(Humanized.fixed(Double(byteCount) / Double(max(file.rowCount, 1)), 1)) bytes "
                + "for each of these",
            ("tokens", .integer(file.tokenCount)), ("rows", .integer(file.rowCount)),
            ("distilled_tokens", .string(description.tokens.rawValue)))
        add(
            "vocabulary", Humanized.count(description.vocabularySize),
            ("vocabulary_size", .integer(description.vocabularySize)))
        for (label, key, sum) in [
            ("teacher", "teacher_fingerprint", description.teacherFingerprint),
            ("tokenizer", "tokenizer_fingerprint", description.tokenizerFingerprint),
            ("data", "data_fingerprint", description.dataFingerprint),
        ] {
            add(label, sum.isEmpty ? "unknown" : "\(sum.prefix(16))…", (key, .string(sum)))
        }
    }
}
