#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import Synchronization

private let raised = Atomic<Bool>(false)

private func note(_ number: Int32) {
    raised.store(true, ordering: .relaxed)
    _ = signal(number, SIG_DFL)
}

/// Whether SIGINT or SIGTERM asked the process to end; a run then saves after its step and leaves.
public enum StopSignal {
    /// Whether a signal came.
    public static var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Listens for the signals.
    ///
    /// A second one ends the process at once.
    public static func listen() {
        for number in [SIGINT, SIGTERM] {
            _ = signal(number, note)
        }
    }
}
