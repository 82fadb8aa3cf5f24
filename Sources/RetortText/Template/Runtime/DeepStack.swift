import Glibc

/// Runs deep recursion on a stack of its own, whatever the size of the caller's.
///
/// Threads may have as little as 512 KiB, which nested templates can use up. What is not nested
/// deeply, which is nearly everything, never comes here.
enum DeepStack {
    /// Depth up to which the stack of any thread suffices.
    static let shallowDepth = 48
    private static let bytes = 64 << 20

    /// Runs a function on another thread and waits for it.
    static func run<Result, Failure: Error>(_ body: () throws(Failure) -> Result)
        throws(Failure) -> Result
    {
        var outcome: Swift.Result<Result, Failure>?
        withoutActuallyEscaping(body) { body in
            let work = Work {
                do throws(Failure) {
                    outcome = .success(try body())
                } catch {
                    outcome = .failure(error)
                }
            }
            work.runToEnd(stackBytes: bytes)
        }
        // Without a thread to spare, the caller's own stack has to do.
        guard let outcome else { return try body() }
        return try outcome.get()
    }

    /// A function that another thread calls while this one waits.
    private final class Work {
        private let body: () -> Void

        init(_ body: @escaping () -> Void) { self.body = body }

        func runToEnd(stackBytes: Int) {
            var attributes = pthread_attr_t()
            guard unsafe pthread_attr_init(&attributes) == 0 else { return }
            defer { unsafe pthread_attr_destroy(&attributes) }
            guard unsafe pthread_attr_setstacksize(&attributes, stackBytes) == 0 else { return }
            var thread = pthread_t()
            let context = unsafe Unmanaged.passUnretained(self).toOpaque()
            let status = unsafe pthread_create(
                &thread, &attributes,
                { context in
                    guard let context = unsafe context else { return nil }
                    unsafe Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().body()
                    return nil
                }, context)
            if status == 0 { pthread_join(thread, nil) }
        }
    }
}
