import FoundationEssentials
import Glibc

/// What writers need to do with folders.
package enum Folder {
    /// Makes a folder and the ones above it; one that is there already is right.
    ///
    /// - Parameter path: The folder.
    /// - Throws: ``FileError``.
    package static func create(_ path: String) throws(FileError) {
        if isFolder(path) { return }
        let parent = parent(of: path)
        if parent != path, !isFolder(parent) { try create(parent) }
        guard unsafe mkdir(path, 0o755) != 0 else { return }
        let code = errno
        guard isFolder(path) else { throw .writing(path, code) }
    }

    /// Whether a folder is at the path.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether anything is at the path, be it a broken link.
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// Removes whatever is at the path, with all it holds; nothing there is right too.
    ///
    /// - Parameter path: A file or folder; a link is removed, not what it names.
    /// - Throws: ``FileError``.
    package static func remove(_ path: String) throws(FileError) {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .writing(path)
        }
    }

    /// Gives a file another path, where it takes the place of one that is there.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - target: The new path, in the same file system.
    /// - Throws: ``FileError``.
    package static func move(_ path: String, to target: String) throws(FileError) {
        guard unsafe rename(path, target) == 0 else { throw .writing(target) }
        try sync(parent(of: target))
    }

    /// The names in a folder, sorted.
    ///
    /// - Parameter path: The folder.
    /// - Returns: Names without the folder, hidden ones too.
    /// - Throws: ``FileError``.
    package static func names(in path: String) throws(FileError) -> [String] {
        guard let folder = unsafe opendir(path) else { throw .reading(path) }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The bytes of all files in a folder and in the folders there.
    ///
    /// - Parameter path: The folder.
    /// - Returns: Their sum.
    /// - Throws: ``FileError``.
    package static func size(_ path: String) throws(FileError) -> Int {
        var sum = 0
        for name in try names(in: path) {
            let path = path + "/" + name
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { throw .reading(path) }
            sum += status.st_mode & S_IFMT == S_IFDIR ? try size(path) : Int(status.st_size)
        }
        return sum
    }

    /// Tells the disk to keep a folder's entries, or a file's bytes.
    ///
    /// - Parameter path: The folder or file.
    /// - Throws: ``FileError``.
    package static func sync(_ path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .writing(path) }
        defer { close(descriptor) }
        // Some file systems cannot sync folders, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .writing(path) }
    }

    /// The folder that holds a path.
    package static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        let trimmed = bytes.prefix((bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? -1) + 1)
        guard let slash = trimmed.lastIndex(of: UInt8(ascii: "/")) else {
            return trimmed.isEmpty && !bytes.isEmpty ? "/" : "."
        }
        return slash == 0 ? "/" : String(decoding: trimmed[..<slash], as: UTF8.self)
    }
}
