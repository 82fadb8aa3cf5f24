import CKernels

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Threads that share out numbered parts of one piece of work at a time.
///
/// Which thread takes which part is left to chance; callers make parts whose results do not depend on
/// it. Workers take parts from the first on and the caller from the last back, so that each goes through
/// memory in one direction. The caller waits for no worker that has not begun a part: one that sleeps or
/// lost its processor to another program finds nothing left to do. Workers that find nothing to do poll
/// for a bounded time, reading ahead what the caller announced, and then sleep in the kernel. A pool lives
/// as long as the process.
public final class ThreadPool: @unchecked Sendable {
    /// Threads that work, the caller among them.
    public let count: Int

    // One cache line each: the round's number; the parts of a round that nobody took (the round's
    // number in the upper half, so that none is taken from a later round, then the first and the end);
    // parts that are not done; workers asleep; begin and end of what is read ahead.
    private let words: UnsafeMutableRawPointer
    private var round: UnsafeMutablePointer<UInt32> { words.assumingMemoryBound(to: UInt32.self) }
    private var left: UnsafeMutablePointer<UInt64> {
        (words + 64).assumingMemoryBound(to: UInt64.self)
    }
    private var undone: UnsafeMutablePointer<UInt32> {
        (words + 128).assumingMemoryBound(to: UInt32.self)
    }
    private var asleep: UnsafeMutablePointer<UInt32> {
        (words + 192).assumingMemoryBound(to: UInt32.self)
    }
    private var ahead: UnsafeMutablePointer<UInt64> {
        (words + 256).assumingMemoryBound(to: UInt64.self)
    }
    private var firstPart = 0
    private var body: ((_ part: Int, _ thread: Int) -> Void)?
    private var workers = 0
    private let scratch: UnsafeMutablePointer<UnsafeMutableRawBufferPointer>

    /// Polls of 27 ns before a worker sleeps: about the cost of waking it, 50 microseconds.
    private static let patience = 2000
    /// Parts of one round at most; more are several rounds.
    private static let roundParts = 0xffff

    /// Starts `count - 1` workers.
    public init(count: Int) {
        self.count = max(1, count)
        words = .allocate(byteCount: 320, alignment: 64)
        words.initializeMemory(as: UInt8.self, repeating: 0, count: 320)
        scratch = .allocate(capacity: self.count + 1)
        scratch.initialize(
            repeating: UnsafeMutableRawBufferPointer(start: nil, count: 0), count: self.count + 1)
        for thread in 1..<max(self.count, 1) {
            let start = Unmanaged.passRetained(Start(pool: self, thread: thread)).toOpaque()
            var id = pthread_t()
            let failed = pthread_create(
                &id, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().work()
                    return nil
                }, start)
            if failed == 0 { workers += 1 }
        }
    }

    private final class Start {
        let pool: ThreadPool
        let thread: Int
        init(pool: ThreadPool, thread: Int) {
            self.pool = pool
            self.thread = thread
        }
        func work() { pool.work(thread) }
    }

    private func work(_ thread: Int) {
        var seen: UInt32 = 0
        var place: UInt64 = 0
        while true {
            var left = Self.patience
            while rk_load(round) == seen {
                if left > 0 {
                    left -= 1
                    if !readAhead(&place) { rk_pause() }
                    continue
                }
                _ = rk_add(asleep, 1)
                rk_wait(round, seen)
                _ = rk_add(asleep, UInt32.max)
            }
            seen = rk_load(round)
            let done = takeParts(of: seen, thread)
            if done > 0 { _ = rk_add(undone, 0 &- done) }
        }
    }

    /// Asks for the next 256 bytes of what the caller announced; false if none are left.
    private func readAhead(_ place: inout UInt64) -> Bool {
        let begin = rk_load64(ahead), end = rk_load64(ahead + 1)
        if place < begin || place > end { place = begin }
        guard place < end, let from = UnsafeRawPointer(bitPattern: UInt(place)) else {
            return false
        }
        for line in 0..<4 { rk_prefetch_near(from + line * 64) }
        place += 256
        return true
    }

    /// Does parts of a round until none is left; returns how many.
    ///
    /// A worker has let go of the body when this returns: its owner may go on with what it holds.
    @inline(never)
    private func takeParts(of round: UInt32, _ thread: Int) -> UInt32 {
        guard var part = takePart(of: round, thread), let body else { return 0 }
        var done: UInt32 = 0
        while true {
            body(firstPart + part, thread)
            done += 1
            guard let next = takePart(of: round, thread) else { return done }
            part = next
        }
    }

    /// A part of a round; nil if none is left or the round is over.
    private func takePart(of round: UInt32, _ thread: Int) -> Int? {
        while true {
            let found = rk_load64(left), first = found >> 16 & 0xffff, end = found & 0xffff
            if found >> 32 != UInt64(round) || first == end { return nil }
            // While a part is taken and not done, the round's parts and body stay.
            if thread == 0 {
                if rk_replace64(left, found, found - 1) { return Int(end) - 1 }
            } else if rk_replace64(left, found, found + 1 << 16) {
                return Int(first)
            }
        }
    }

    /// Announces memory that the piece of work after the next one begins to read.
    ///
    /// Workers bring it near while they wait. A hint: the memory is not touched.
    func announce(_ next: UnsafeRawBufferPointer) {
        guard let begin = next.baseAddress else { return }
        // Empty in between, whichever of the two a worker sees first.
        rk_store64(ahead + 1, 0)
        rk_store64(ahead, UInt64(UInt(bitPattern: begin)))
        rk_store64(ahead + 1, UInt64(UInt(bitPattern: begin + next.count)))
    }

    /// Runs `body(part, thread)` for every part in `0 ..< parts` and returns when all are done.
    ///
    /// Only one thread at a time may call this, and not from within `body`.
    public func run(_ parts: Int, _ body: @escaping (_ part: Int, _ thread: Int) -> Void) {
        if workers == 0 || parts <= 1 {
            for part in 0..<parts { body(part, 0) }
            return
        }
        self.body = body
        for first in stride(from: 0, to: parts, by: Self.roundParts) {
            firstPart = first
            runRound(min(Self.roundParts, parts - first))
        }
        self.body = nil
    }

    private func runRound(_ parts: Int) {
        rk_store(undone, UInt32(parts))
        let number = rk_load(round) &+ 1
        rk_store64(left, UInt64(number) << 32 | UInt64(parts))
        rk_store(round, number)
        if rk_load(asleep) > 0 { rk_wake(round, Int32.max) }
        _ = rk_add(undone, 0 &- takeParts(of: number, 0))
        var polls = 0
        while rk_load(undone) > 0 {
            polls += 1
            if polls > Self.patience { sched_yield() } else { rk_pause() }
        }
    }

    /// Memory of one thread, at least `bytes`, aligned to a cache line; its content is not kept.
    func scratch(_ thread: Int, _ bytes: Int) -> UnsafeMutableRawPointer {
        if scratch[thread].count < bytes {
            scratch[thread].deallocate()
            scratch[thread] = .allocate(byteCount: bytes + bytes / 4, alignment: 64)
        }
        return scratch[thread].baseAddress.unsafelyUnwrapped
    }

    /// Memory that all threads of one piece of work read, made before ``run(_:_:)``; its content is not
    /// kept.
    func sharedScratch(_ bytes: Int) -> UnsafeMutableRawPointer { scratch(count, bytes) }

    /// Processors that this process may use: its affinity mask, cut by a cgroup's quota.
    public static var available: Int {
        let allowed = Int(rk_allowed_cpus())
        return max(1, min(allowed, quota ?? allowed))
    }

    /// Whole processors of the control group's quota (`cpu.max`: quota and period, or "max").
    private static var quota: Int? {
        guard let file = fopen("/sys/fs/cgroup/cpu.max", "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = fread(&buffer, 1, 63, file)
        let fields = String(decoding: buffer[..<count], as: UTF8.self).split {
            $0 == " " || $0 == "\n"
        }
        guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]),
            period > 0
        else { return nil }
        return max(1, Int((quota / period).rounded()))
    }
}
