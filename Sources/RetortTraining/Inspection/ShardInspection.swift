import RetortFiles
import RetortModels

/// A shard of a checkpoint: a safetensors file compressed with zstd.
enum ShardInspection: InspectedKind {
    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.isFile(named: ".zst") || target.begins(with: [0x28, 0xb5, 0x2f, 0xfd])
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let compressed = try ZstdFile(target.path)
        let (size, file) = try content(of: compressed, limit: limit(target.path))
        let tensors = file.tensors.map(StoredTensor.init)
        if target.verifies {
            let whole = try SafetensorsFile(compressed.decompressed(size: size))
            let kernels = try target.kernels()
            for tensor in whole.tensors { try StoredTensor(tensor).checkValues(kernels) }
        }
        var sheet = FactSheet(kind: "shard", title: "Compressed safetensors file \(target.path)")
        let packed = compressed.file.size
        sheet.add(
            "size",
            "\(Humanized.bytes(packed)), \(Humanized.bytes(size)) unpacked "
                + "(\(Humanized.fixed(Double(packed) / Double(max(size, 1)) * 100, 1)) %)",
            ("bytes", .integer(packed)), ("raw_bytes", .integer(size)))
        sheet.add(safetensors: file.metadata)
        sheet.add(tensors: tensors)
        if target.verifies { sheet.addVerified("the frames, the header and every value") }
        return InspectionReport(sheet)
    }

    /// The size that a checkpoint's manifest promises, if the file lies in one.
    private static func limit(_ path: String) throws -> Int {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let entry = try? Checkpoint(Folder.parent(of: path))?.manifest().entries
            .first { $0.name == name }
        return entry?.rawByteCount ?? ZstdFile.defaultLimit
    }

    /// Decompresses all, keeping the header alone: what only claims to be a shard costs no memory.
    private static func content(
        of compressed: ZstdFile, limit: Int
    ) throws -> (size: Int, SafetensorsFile) {
        var start: [UInt8] = []
        let size = try compressed.forEachPiece(limit: limit) { piece in
            guard start.count < SafetensorsFile.longestHeader + 8 else { return }
            let length = start.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard start.count < 8 || UInt64(start.count) < length.addingReportingOverflow(8).0
            else { return }
            start.append(contentsOf: piece)
        }
        let header = unsafe try MappedFile(path: compressed.file.path, size: size) { target in
            unsafe target.copyBytes(from: start.prefix(size))
        }
        return (size, try SafetensorsFile(header))
    }
}
