import RetortTensor
import Testing

@Suite("Random streams")
struct RandomStreamTests {
    @Test("depend on seed, purpose and index, and on nothing else")
    func independence() {
        let stream = RandomStream(seed: 1, .shuffle)
        #expect(stream.bits(5) == RandomStream(seed: 1, .shuffle).bits(5))
        #expect(stream[3] == RandomStream(seed: 1, .shuffle)[3])
        var seen: Set<UInt64> = []
        for seed in 0..<10 {
            for purpose in [RandomStream.Purpose.initialization, .shuffle, .dropout, .sampling] {
                for index in 0..<10 {
                    let own = RandomStream(seed: UInt64(seed), purpose)
                    seen.insert(own.bits(index))
                    seen.insert(own[index].bits(0))
                }
            }
        }
        #expect(seen.count == 10 * 4 * 10 * 2)
    }

    @Test("permutations hold every index once and reach every order")
    func permutations() {
        let stream = RandomStream(seed: 2, .shuffle)
        #expect(stream.permutation(0).isEmpty && stream.permutation(1) == [0])
        #expect(stream.permutation(1000).sorted() == Array(0..<1000))
        var counts: [[Int]: Int] = [:]
        for index in 0..<6000 { counts[stream[index].permutation(3), default: 0] += 1 }
        // 1000 each, standard deviation 29.
        #expect(counts.count == 6 && counts.values.allSatisfy { abs($0 - 1000) < 150 })
    }

    @Test("numbers are uniform and normal")
    func moments() {
        let stream = RandomStream(seed: 3, .initialization)
        let count = 20_000, places = 0..<20_000
        let uniform = places.map(stream.uniform), normal = places.map(stream.normal)
        #expect(uniform.allSatisfy { (0..<1).contains($0) } && normal.allSatisfy(\.isFinite))
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(count) }
        #expect(abs(mean(uniform) - 0.5) < 0.01)
        #expect(abs(mean(uniform.map { $0 * $0 }) - 1.0 / 3) < 0.01)
        #expect(abs(mean(normal)) < 0.03)
        #expect(abs(mean(normal.map { $0 * $0 }) - 1) < 0.05)
        #expect(abs(mean(normal.map { $0 * $0 * $0 * $0 }) - 3) < 0.3)
    }
}
