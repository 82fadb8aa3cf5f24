import Glibc

/// A folder that appears whole or not at all: filled aside as `NAME.partial`, synced, renamed.
///
/// If it is dropped before ``finish()``, as when an error is thrown, the partial folder is
/// removed and whatever was at the path before stays as it was.
public struct AtomicFolder: ~Copyable {
    /// Where the folder will appear.
    public let path: String
    /// Where it lies until then.
    public let partialPath: String
    private let replacing: Bool
    private var isInPlace = false

    /// Begins a folder; the ones above it are made if they are not there.
    ///
    /// - Parameters:
    ///   - path: Where it will appear.
    ///   - replacing: Whether a folder that is there already gives way at the end, with all it
    ///     holds. An empty one always does.
    /// - Throws: ``FileError``.
    public init(_ path: String, replacing: Bool = false) throws(FileError) {
        var trimmed = path
        while trimmed.utf8.count > 1, trimmed.utf8.last == UInt8(ascii: "/") {
            trimmed.removeLast()
        }
        let partialPath = trimmed + ".partial"
        try Self.restore(trimmed)
        try Self.checkRoom(trimmed, replacing: replacing)
        try Folder.create(Folder.parent(of: trimmed))
        try Folder.remove(partialPath)
        guard unsafe mkdir(partialPath, 0o755) == 0 else { throw .writing(trimmed) }
        self.path = trimmed
        self.partialPath = partialPath
        self.replacing = replacing
    }

    deinit { if !isInPlace { try? Folder.remove(partialPath) } }

    /// Where a file of the folder must be written until the folder is finished.
    public func path(of name: String) -> String { partialPath + "/" + name }

    /// Syncs everything in the folder and renames it to its path.
    ///
    /// A folder that gives way is renamed to `NAME.replaced` first, so that one of the two is
    /// whole at every moment, and removed last; the next writer puts it back if that was all that
    /// happened.
    ///
    /// - Throws: ``FileError`` with the system's reason.
    public consuming func finish() throws(FileError) {
        try Self.syncAll(partialPath)
        try Self.checkRoom(path, replacing: replacing)
        let aside = Self.aside(path)
        let isReplaced = Folder.exists(path)
        if isReplaced {
            try Folder.remove(aside)
            guard unsafe rename(path, aside) == 0 else { throw .writing(path) }
        }
        guard unsafe rename(partialPath, path) == 0 else {
            let error = FileError.writing(path)
            if isReplaced { _ = unsafe rename(aside, path) }
            throw error
        }
        isInPlace = true
        try Folder.sync(Folder.parent(of: path))
        if isReplaced { try Folder.remove(aside) }
    }

    private static func aside(_ path: String) -> String { path + ".replaced" }

    /// Undoes a replacement that was interrupted between its two renamings.
    private static func restore(_ path: String) throws(FileError) {
        let aside = aside(path)
        guard Folder.isFolder(aside), !Folder.exists(path) else { return }
        guard unsafe rename(aside, path) == 0 else { throw .writing(path) }
    }

    private static func checkRoom(_ path: String, replacing: Bool) throws(FileError) {
        guard Folder.exists(path) else { return }
        guard Folder.isFolder(path) else { throw .exists(path: path) }
        if !replacing, try !Folder.names(in: path).isEmpty { throw .exists(path: path) }
    }

    private static func syncAll(_ folder: String) throws(FileError) {
        for name in try Folder.names(in: folder) {
            let path = folder + "/" + name
            if Folder.isFolder(path) { try syncAll(path) } else { try Folder.sync(path) }
        }
        try Folder.sync(folder)
    }
}
