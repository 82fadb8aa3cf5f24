#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles

/// The folder of a run: `recipe.yaml`, `metrics.jsonl`, checkpoints, result.
struct RunFolder {
    let path: String
    private var recipePath: String { path + "/recipe.yaml" }
    private var metricsPath: String { path + "/metrics.jsonl" }

    init(_ path: String) { self.path = path }

    /// Keeps other runs out of the folder, which is made if need be.
    func lock() throws -> FolderLock {
        try Folder.create(path)
        guard let lock = try FolderLock(path) else { throw TrainingError.runInUse(path: path) }
        return lock
    }

    /// Writes what a fresh run begins with; a folder that holds checkpoints or a result is refused.
    func create(_ recipe: Recipe) throws {
        let results = [path + "/adapter", path + "/model"]
        guard try Checkpoint.list(in: path).isEmpty, !results.contains(where: Folder.exists) else {
            throw TrainingError.runExists(path: path)
        }
        _ = try AtomicFile.write(Array(recipe.yaml.utf8), to: recipePath)
        _ = try AtomicFile.write([], to: metricsPath)
    }

    /// Refuses a recipe that is not the run's own, but for what does not change its result.
    func checkRecipe(_ recipe: Recipe) throws {
        var stored = try Recipe(path: recipePath)
        stored.checkpoint = recipe.checkpoint
        stored.logging = recipe.logging
        stored.outputDir = recipe.outputDir
        guard stored != recipe else { return }
        throw TrainingError.otherRecipe(
            path: path, key: recipe.recipeNode.difference(from: stored.recipeNode) ?? "recipe")
    }

    /// Appends a line to the metrics.
    func append(_ line: JSONValue) throws {
        let text = Array((line.serialized() + "\n").utf8)
        let descriptor = unsafe open(metricsPath, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError.writing(metricsPath) }
        defer { close(descriptor) }
        guard unsafe write(descriptor, text, text.count) == text.count else {
            throw FileError.writing(metricsPath)
        }
    }

    /// Drops lines of steps behind a checkpoint's, and a last line that was cut short.
    func cutMetrics(after step: Int) throws {
        guard Folder.exists(metricsPath) else { return }
        let text = try MappedFile(metricsPath).contents
        var kept: [UInt8] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let value = try? JSONParser.parse(Array(line)), let own = value["step"]?.integer,
                own <= step
            else { continue }
            kept += line
            kept.append(UInt8(ascii: "\n"))
        }
        _ = try AtomicFile.write(kept, to: metricsPath)
    }

    /// The steps' metrics so far.
    func metrics() throws -> [StepMetrics] {
        let file = try MappedFile(metricsPath)
        return file.contents.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONParser.parse(Array(line)))?.object.flatMap(StepMetrics.init)
        }
    }
}

extension YAMLNode {
    /// The dotted name of the first key that another map does not have with the same value.
    fileprivate func difference(from other: YAMLNode) -> String? {
        guard let own = members, let others = other.members else { return nil }
        for member in own where other[member.key]?.json != member.value.json {
            let inner = other[member.key].flatMap { member.value.difference(from: $0) }
            return inner.map { "\(member.key).\($0)" } ?? member.key
        }
        return others.first { self[$0.key] == nil }?.key
    }
}
