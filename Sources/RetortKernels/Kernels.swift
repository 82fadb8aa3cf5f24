/// The arithmetic of one process: a CPU level and the threads that run it.
public final class Kernels: Sendable {
    let level: KernelLevel
    /// The threads.
    public let threads: ThreadPool

    /// Chooses the best level of this processor, or the one named; nil if that cannot run here.
    ///
    /// - Parameters:
    ///   - threads: Threads to use; nil takes what the process may use.
    ///   - levelName: A level's name, or nil for the best.
    public init?(threads: Int? = nil, levelName: String? = nil) {
        let levels = KernelLevel.available
        guard
            let level = levelName.map({ name in levels.first { $0.name == name } }) ?? levels.first
        else { return nil }
        self.level = level
        self.threads = ThreadPool(count: min(threads ?? ThreadPool.available, 1024))
    }

    /// The level's name.
    public var levelName: String { level.name }
    /// The names of the levels that run on this processor, best first.
    public static var levelNames: [String] { KernelLevel.available.map(\.name) }
    /// Whether the processor multiplies bf16 itself.
    public var hasBF16: Bool { level.hasBF16 }

    /// Cuts `0 ..< count` into parts of at least `grain` and runs them on the threads.
    ///
    /// The cut depends on count and grain alone, so that what is summed within a part is the same for
    /// any number of threads.
    public func split(
        _ count: Int, grain: Int, _ body: @escaping (_ range: Range<Int>, _ thread: Int) -> Void
    ) {
        let parts = max(1, min(64, count / max(1, grain)))
        threads.run(parts) { part, thread in
            body(count * part / parts..<count * (part + 1) / parts, thread)
        }
    }
}
