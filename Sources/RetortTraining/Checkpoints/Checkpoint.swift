import RetortFiles
import RetortModels
import RetortTensor

/// One saved state of a run: plain, whole, and checked when it is read.
///
/// A folder `step-00000050` with `manifest.json` (per file its sizes and SHA-256, per tensor its
/// shard), `state.json`, and zstd-compressed safetensors shards of parameters and optimizer state.
package struct Checkpoint {
    package let path: String
    package let step: Int
    private static let formatVersion = 1
    private static let prefix = "step-"
    /// Raw bytes of a shard.
    private static let shardLimit = 256 << 20

    /// The name of a step's folder.
    static func name(_ step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// Opens a checkpoint's folder by its name; nothing is read yet.
    package init?(_ path: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)),
            step >= 0
        else { return nil }
        self.path = path
        self.step = step
    }

    /// The checkpoints of a run folder, newest first.
    package static func list(in folder: String) throws -> [Checkpoint] {
        guard Folder.isFolder(folder) else { return [] }
        return try Folder.names(in: folder).compactMap { Checkpoint("\(folder)/\($0)") }
            .sorted { $0.step > $1.step }
    }

    /// What a run needs besides tensors to go on.
    package struct State: Equatable {
        package var step: Int
        package var updateCount: Int
        package var tokensSeen: Int
        package var bestValidationLoss: Double?
        package var modelFingerprint: String
        package var dataFingerprint: String
        /// Of the teacher; nil for a run without one.
        package var teacherFingerprint: String? = nil
    }

    /// Writes a checkpoint into a run folder, whole or not at all.
    package static func write(
        _ state: State, parameters: [NamedTensor], optimizer: [NamedTensor], in folder: String
    ) throws {
        let target = try AtomicFolder("\(folder)/\(name(state.step))", replacing: true)
        var files = JSONObject(), places = JSONObject()
        for (kind, tensors) in [("parameters", parameters), ("optimizer", optimizer)] {
            let shards = split(tensors)
            for (index, shard) in shards.enumerated() {
                let name = "\(kind)-\(padded(index + 1))-of-\(padded(shards.count)).safetensors.zst"
                let path = target.path(of: name)
                var writer = try SafetensorsWriter<ZstdWriter>(shard.map(\.entry)) { size in
                    try ZstdWriter(path, contentSize: size)
                }
                try writer.append(shard)
                files[name] = description(try writer.finish())
                for tensor in shard { places[tensor.name] = .string(name) }
            }
        }
        let stateText = Array((state.json.serialized(.indented(2)) + "\n").utf8)
        let written = try AtomicFile.write(stateText, to: target.path(of: "state.json"))
        files["state.json"] = .object(
            JSONObject([
                ("bytes", .integer(written.byteCount)),
                ("sha256", .string(SHA256.hash(stateText))),
            ]))
        let manifest = JSONValue.object(
            JSONObject([
                ("format", .string("retort-checkpoint")),
                ("format_version", .integer(formatVersion)), ("files", .object(files)),
                ("tensors", .object(places)),
            ]))
        _ = try AtomicFile.write(
            Array((manifest.serialized(.indented(2)) + "\n").utf8),
            to: target.path(of: "manifest.json"))
        try target.finish()
    }

    /// Removes the checkpoint.
    ///
    /// It loses its name first: what is there under a checkpoint's name is whole, even if the process is killed in between.
    func remove() throws {
        let aside = path + Self.partialSuffix
        try Folder.remove(aside)
        try Folder.move(path, to: aside)
        try Folder.remove(aside)
    }

    /// Removes what a killed process left half-written or half-removed in a run folder.
    static func removeRemains(in folder: String) throws {
        guard Folder.isFolder(folder) else { return }
        for name in try Folder.names(in: folder)
        where name.hasPrefix(prefix) && name.hasSuffix(partialSuffix) {
            try Folder.remove("\(folder)/\(name)")
        }
    }

    private static let partialSuffix = ".partial"

    private static func description(_ file: WrittenFile) -> JSONValue {
        .object(
            JSONObject([
                ("bytes", .integer(file.byteCount)), ("raw_bytes", .integer(file.contentByteCount)),
                ("sha256", .string(file.sha256 ?? "")),
            ]))
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    private static func split(_ tensors: [NamedTensor]) -> [[NamedTensor]] {
        var shards: [[NamedTensor]] = []
        var room = 0
        for tensor in tensors {
            let bytes = tensor.byteCount
            if bytes > room || shards.isEmpty {
                shards.append([])
                room = shardLimit
            }
            shards[shards.count - 1].append(tensor)
            room -= bytes
        }
        return shards
    }

    /// What the manifest says of a file.
    package struct Entry {
        package let name: String
        package let byteCount: Int
        package let sum: String
        /// The size before compression; nil for what is not compressed.
        package let rawByteCount: Int?
    }

    /// What a checkpoint says that it holds.
    package struct Manifest {
        package let entries: [Entry]
        package let places: [(tensor: String, shard: String)]
    }

    /// Reads the manifest.
    ///
    /// - Throws: ``CheckpointError/badManifest(path:)`` or a format's error.
    package func manifest() throws -> Manifest {
        let manifestPath = path + "/manifest.json"
        let bad = CheckpointError.badManifest(path: manifestPath)
        let json = try JSONValue(contentsOf: manifestPath)
        guard json["format_version"]?.integer == Self.formatVersion,
            let files = json["files"]?.object, let places = json["tensors"]?.object
        else { throw bad }
        let entries = try files.members.map { name, entry in
            let raw = entry["raw_bytes"]?.integer
            guard !name.contains("/"), let bytes = entry["bytes"]?.integer, bytes >= 0,
                let sum = entry["sha256"]?.string, raw ?? 0 >= 0,
                raw != nil || !name.hasSuffix(".zst")
            else { throw bad }
            return Entry(name: name, byteCount: bytes, sum: sum, rawByteCount: raw)
        }
        return Manifest(
            entries: entries,
            places: try places.members.map { tensor, shard in
                guard let shard = shard.string else { throw bad }
                return (tensor, shard)
            })
    }

    /// Checks a file's size and sum.
    ///
    /// - Throws: ``CheckpointError`` that names the damaged file, or ``FileError``.
    package func check(_ entry: Entry) throws {
        let file = "\(path)/\(entry.name)"
        guard try MappedFile(file).size == entry.byteCount else {
            throw CheckpointError.wrongSize(path: file, expected: entry.byteCount)
        }
        guard try SHA256.hash(file: file) == entry.sum else {
            throw CheckpointError.wrongSum(path: file)
        }
    }

    /// Opens a shard; nil for a file that is none.
    package func shard(_ entry: Entry) throws -> SafetensorsFile? {
        guard entry.name.hasSuffix(".zst"), let size = entry.rawByteCount else { return nil }
        return try SafetensorsFile(ZstdFile("\(path)/\(entry.name)").decompressed(size: size))
    }

    /// Reads the state.
    ///
    /// - Throws: ``CheckpointError/badManifest(path:)`` or a format's error.
    package func state() throws -> State {
        let state = try State(JSONValue(contentsOf: path + "/state.json"), path: path)
        guard state.step == step else {
            throw CheckpointError.badManifest(path: path + "/state.json")
        }
        return state
    }

    /// Checks every file's size and sum and opens the shards.
    ///
    /// - Returns: The state and all tensors by name.
    /// - Throws: ``CheckpointError`` that names the damaged file, or a format's error.
    package func read() throws -> (state: State, tensors: [String: StoredTensor]) {
        let manifest = try manifest()
        var tensors: [String: StoredTensor] = [:]
        for entry in manifest.entries {
            try check(entry)
            for tensor in try shard(entry)?.tensors ?? [] {
                tensors[tensor.name] = StoredTensor(tensor)
            }
        }
        // The shards are what their sums say, so that it is the manifest's list that is wrong.
        guard manifest.places.allSatisfy({ tensors[$0.tensor] != nil }) else {
            throw CheckpointError.badManifest(path: path + "/manifest.json")
        }
        return (try state(), tensors)
    }
}

/// Why a checkpoint cannot be used.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
    /// The manifest or state lacks what it must have.
    case badManifest(path: String)
    /// A file has another size than the manifest says.
    case wrongSize(path: String, expected: Int)
    /// A file's SHA-256 is not the manifest's.
    case wrongSum(path: String)
    /// A tensor of the run is in no shard.
    case missingTensor(path: String, tensor: String)
    /// A shard holds a tensor that the manifest does not place there.
    case unlistedTensor(path: String, tensor: String)
    /// The folder has no checkpoint that can be used.
    case noneLeft(path: String)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .badManifest(let path):
            "\(path): not a checkpoint of this version of Retort, or damaged."
        case .wrongSize(let path, let expected):
            "\(path): damaged, it should have \(expected) bytes; resume from the checkpoint before."
        case .wrongSum(let path):
            "\(path): damaged, its SHA-256 is not the manifest's; resume from the checkpoint before."
        case .missingTensor(let path, let tensor): "\(path): lacks the tensor \(tensor)."
        case .unlistedTensor(let path, let tensor):
            "\(path): holds \(tensor), which the manifest does not place there."
        case .noneLeft(let path): "\(path): holds no checkpoint that can be read."
        }
    }
}

extension Checkpoint.State {
    fileprivate var json: JSONValue {
        .object(
            JSONObject(
                [
                    ("step", .integer(step)), ("update_count", .integer(updateCount)),
                    ("tokens_seen", .integer(tokensSeen)),
                    ("best_validation_loss", bestValidationLoss.map(JSONValue.number) ?? .null),
                    ("model_fingerprint", .string(modelFingerprint)),
                    ("data_fingerprint", .string(dataFingerprint)),
                ] + (teacherFingerprint.map { [("teacher_fingerprint", .string($0))] } ?? [])))
    }

    fileprivate init(_ json: JSONValue, path: String) throws {
        guard let step = json["step"]?.integer, let updates = json["update_count"]?.integer,
            let tokens = json["tokens_seen"]?.integer, step >= 0, updates >= 0, tokens >= 0,
            let model = json["model_fingerprint"]?.string,
            let data = json["data_fingerprint"]?.string
        else { throw CheckpointError.badManifest(path: path + "/state.json") }
        self.init(
            step: step, updateCount: updates, tokensSeen: tokens,
            bestValidationLoss: json["best_validation_loss"]?.double, modelFingerprint: model,
            dataFingerprint: data, teacherFingerprint: json["teacher_fingerprint"]?.string)
    }
}
