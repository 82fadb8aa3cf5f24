import RetortFiles

/// A file that is written and read back at `NAME.unchecked` before it takes its place.
struct StagedFile: ~Copyable {
    let path: String
    let stagedPath: String
    private var isInPlace = false

    /// Begins; the folders above are made if they are not there.
    init(_ path: String) throws {
        guard !Folder.isFolder(path) else { throw FileError.isFolder(path: path) }
        try Folder.create(Folder.parent(of: path))
        self.path = path
        stagedPath = path + ".unchecked"
    }

    /// Writes it; errors call it by the path where it is to be.
    func write(_ body: (_ path: String) throws -> Void) throws {
        do {
            try body(stagedPath)
        } catch FileError.unwritable(stagedPath, let reason) {
            throw FileError.unwritable(path: path, reason: reason)
        }
    }

    deinit { if !isInPlace { try? Folder.remove(stagedPath) } }

    /// Puts the file in place.
    consuming func finish() throws {
        try Folder.move(stagedPath, to: path)
        isInPlace = true
    }
}
