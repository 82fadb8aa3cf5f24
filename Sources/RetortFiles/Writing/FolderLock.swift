import Glibc

/// A folder that one process at a time may write to.
///
/// The lock is on the folder itself and leaves nothing behind; it ends with the process, however that
/// ends.
package final class FolderLock {
    private let descriptor: Int32

    /// Locks a folder; nil if somebody else has it.
    ///
    /// - Parameter path: A folder that is there.
    /// - Throws: ``FileError``.
    package init?(_ path: String) throws(FileError) {
        descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .reading(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        // Some network file systems have no locks; their folders are written to as ever.
        let code = errno
        if code == EWOULDBLOCK { return nil }
        guard code == ENOLCK || code == ENOTSUP || code == ENOSYS else {
            throw .writing(path, code)
        }
    }

    deinit {
        // A child that was forked meanwhile has the folder open too; the lock must not wait for it.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
