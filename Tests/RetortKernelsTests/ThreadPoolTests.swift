import Glibc
import RetortKernels
import Synchronization
import Testing

@Suite("Thread pool")
struct ThreadPoolTests {
    @Test("does each part once, however small", arguments: [1, 2, 3, 5])
    func everyPart(threads: Int) {
        let pool = ThreadPool(count: threads)
        #expect(pool.count == threads)
        // More parts than one round of the pool has.
        let most = 140_000
        let taken = UnsafeMutablePointer<Int32>.allocate(capacity: most)
        defer { taken.deallocate() }
        for parts in [0, 1, 2, 3, 7, 64, 1000, 65535, 65536, most] {
            taken.initialize(repeating: 0, count: most)
            pool.run(parts) { part, thread in
                precondition(thread >= 0 && thread < threads)
                taken[part] += 1
            }
            #expect((0..<most).allSatisfy { taken[$0] == ($0 < parts ? 1 : 0) }, "\(parts) parts")
        }
    }

    @Test("survives many tiny rounds", arguments: [(2, 90_000), (3, 10_000)])
    func manyRounds(threads: Int, rounds: Int) {
        let pool = ThreadPool(count: threads)
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: 4)
        counts.initialize(repeating: 0, count: 4)
        defer { counts.deallocate() }
        for round in 0..<rounds {
            pool.run(4) { part, _ in counts[part] += 1 }
            // Now and then long enough for the workers to fall asleep.
            if round % 2000 == 0 { usleep(2000) }
        }
        for part in 0..<4 { #expect(counts[part] == rounds) }
    }

    @Test("works beside another pool")
    func twoPools() {
        let pools = [ThreadPool(count: 2), ThreadPool(count: 2)]
        let sums = UnsafeMutablePointer<Int>.allocate(capacity: 16)
        sums.initialize(repeating: 0, count: 16)
        defer { sums.deallocate() }
        // The outer pool's parts each drive a pool of their own.
        let outer = ThreadPool(count: 2)
        nonisolated(unsafe) let shared = sums
        outer.run(2) { own, _ in
            for _ in 0..<5000 { pools[own].run(8) { part, _ in shared[own * 8 + part] += part } }
        }
        for index in 0..<16 { #expect(sums[index] == 5000 * (index % 8)) }
    }

    @Test("kernels refuse a level that is not there and take any number of threads")
    func levels() throws {
        #expect(Kernels(levelName: "no such level") == nil)
        #expect(Kernels.levelNames.last == "portable")
        #expect(try #require(Kernels(threads: -3)).threads.count == 1)
        #expect(try #require(Kernels(threads: 0)).threads.count == 1)
        #expect(ThreadPool.available >= 1)
    }
}
