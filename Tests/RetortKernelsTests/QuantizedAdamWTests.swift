import Foundation
import RetortKernels
import Testing

@Suite("AdamW with moments in 8 bits")
struct QuantizedAdamWTests {
    /// Parameters and the memory of their moments.
    struct State: Equatable {
        var p: [Float]
        var m: [UInt8]
        var mScales: [Float]
        var v: [UInt8]
        var vScales: [Float]

        /// Moments of zero.
        init(_ p: [Float]) {
            let blocks = (p.count + 255) / 256
            self.p = p
            m = .init(repeating: 0, count: p.count)
            v = m
            mScales = .init(repeating: 0, count: blocks)
            vScales = mScales
        }

        var firsts: [Double] {
            m.indices.map { QuantizedAdamWTests.first(m[$0]) * Double(mScales[$0 / 256]) }
        }
        var seconds: [Double] {
            v.indices.map { QuantizedAdamWTests.second(v[$0]) * Double(vScales[$0 / 256]) }
        }
    }

    /// The arguments of an update but the state.
    struct Update {
        var gradient: [Float]
        var gradientScale: Float = 1
        var betas: (Float, Float) = (0.9, 0.999)
        var keep: Float = 1
        var rate: Float = 0.01
        var correction: Float = 1
        var epsilon: Float = 1e-8
        var key: UInt64 = 1

        func run(_ state: State, _ kernels: Kernels) -> State {
            let memory = GuardedMemory(), count = state.p.count
            let p = memory.floats(state.p)
            let m = memory.bytes(state.m).assumingMemoryBound(to: UInt8.self)
            let v = memory.bytes(state.v).assumingMemoryBound(to: UInt8.self)
            let mScales = memory.floats(state.mScales), vScales = memory.floats(state.vScales)
            kernels.adamW8Bit(
                p, first: QuantizedMoment(codes: m, scales: mScales),
                second: QuantizedMoment(codes: v, scales: vScales),
                gradient: memory.floats(gradient), gradientScale: gradientScale, betas: betas,
                keep: keep, rate: rate, correction: correction, epsilon: epsilon,
                key: PhiloxKey(key), count: count)
            func array<Element>(_ base: UnsafeMutablePointer<Element>, _ count: Int) -> [Element] {
                Array(UnsafeBufferPointer(start: base, count: count))
            }
            var result = state
            result.p = array(p, count)
            result.m = array(m, count)
            result.v = array(v, count)
            result.mScales = array(mScales, state.mScales.count)
            result.vScales = array(vScales, state.vScales.count)
            withExtendedLifetime(memory) {}
            return result
        }
    }

    /// A code by its definition: exponent field and three bits of mantissa, where field 0 goes down
    /// to zero in even steps and the largest is that of 1.
    private static func value(_ code: Int, largestField: Int) -> Double {
        let field = code >> 3, fraction = Double(code & 7) / 8
        return field == 0
            ? fraction * pow(2, Double(1 - largestField))
            : (1 + fraction) * pow(2, Double(field - largestField))
    }

    static func first(_ code: UInt8) -> Double {
        let size = value(Int(code & 127), largestField: 15)
        return code < 128 ? size : -size
    }

    static func second(_ code: UInt8) -> Double { value(Int(code), largestField: 31) }

    /// How far apart the codes are around a value.
    private static func gap(_ value: Double, _ scale: Double, smallestExponent: Int) -> Double {
        guard value != 0, scale > 0 else { return 0 }
        let exponent = max(smallestExponent, Int(floor(log2(abs(value) / scale))))
        return scale * pow(2, Double(exponent - 3))
    }

    @Test("codes are small floats, which a moment that does not change keeps", arguments: 0..<4)
    func codes(key: UInt64) {
        var state = State([Float](repeating: 3, count: 256))
        state.m = (0...255).map { UInt8($0) }
        state.v = (0...255).map { UInt8(($0 * 7 + 3) % 256) }
        state.mScales = [0x1p-20]
        state.vScales = [0x1p-50]
        var update = Update(gradient: [Float](repeating: 0, count: 256))
        update.betas = (1, 1)
        update.rate = 1
        update.keep = 0
        update.key = key
        for level in Kernels.levelNames {
            withKernels(level, threads: 1) { kernels in
                // p is the first moment, then one over the root of the second.
                update.correction = 0
                update.epsilon = 1
                var next = update.run(state, kernels)
                #expect(next.p.map { -Double($0) } == state.firsts, "\(level)")
                #expect(next.m == state.m.map { $0 == 128 ? 0 : $0 }, "\(level)")
                #expect(next.v == state.v.map { max($0, 1) }, "\(level)")
                #expect(next.mScales == state.mScales && next.vScales == state.vScales)
                var ones = state
                ones.m = .init(repeating: 120, count: 256)
                ones.mScales = [1]
                update.correction = 1
                update.epsilon = 0
                next = update.run(ones, kernels)
                for (p, second) in zip(next.p, ones.seconds) {
                    #expect(abs(Double(p) * second.squareRoot() + 1) < 1e-6 || second == 0)
                }
            }
        }
    }

    @Test("moments are rounded to one of the two nearest codes, right in the mean")
    func unbiased() {
        let places = 256, rounds = 4000
        let gradient = (0..<places).map { Float(pow(0.5, Double($0) / 13)) }
        var update = Update(gradient: gradient)
        update.betas = (0, 0)
        var means = [[Double]](repeating: .init(repeating: 0, count: places), count: 2)
        withKernels(Kernels.levelNames[0], threads: 1) { kernels in
            for round in 0..<rounds {
                update.key = UInt64(round)
                let state = update.run(State(gradient), kernels)
                #expect(state.mScales == [1] && state.vScales == [1])
                for (moment, values) in [state.firsts, state.seconds].enumerated() {
                    for place in 0..<places {
                        means[moment][place] += values[place] / Double(rounds)
                        let wanted = pow(Double(gradient[place]), Double(moment + 1))
                        let gap = Self.gap(wanted, 1, smallestExponent: moment == 0 ? -14 : -30)
                        // Squares are f32; below its least code the second moment is that code.
                        let rest = moment == 0 ? 0 : max(1e-6 * wanted, 0x1p-33 - wanted)
                        #expect(abs(values[place] - wanted) < gap + rest)
                    }
                }
            }
        }
        for moment in 0..<2 {
            for place in 0..<places {
                let wanted = pow(Double(gradient[place]), Double(moment + 1))
                if moment == 1, wanted < 0x1p-33 { continue }
                let gap = Self.gap(wanted, 1, smallestExponent: moment == 0 ? -14 : -30)
                // Four and a half standard deviations of what is at most half a gap off.
                let tolerance = 4.5 * gap / 2 / Double(rounds).squareRoot() + 1e-6 * wanted
                let error = abs(means[moment][place] - wanted)
                #expect(error < tolerance, "moment \(moment) at \(place)")
            }
        }
    }

    @Test("every place, update and tensor is rounded by numbers of its own")
    func independence() {
        let count = 1 << 16
        var update = Update(gradient: .init(repeating: 1.03125, count: count))
        update.betas = (0, 0)
        withKernels(Kernels.levelNames[0], threads: 1) { kernels in
            // A quarter of the way from 1 to 1.125; the square is half way between codes and 1/128.
            var ups: [[Bool]] = []
            for key in 0..<2 {
                update.key = UInt64(key)
                let state = update.run(State(update.gradient), kernels)
                ups.append(state.m.map { $0 == 121 })
                let up = Double(ups[key].count { $0 }) / Double(count)
                #expect(abs(up - 0.25) < 4.5 * (0.1875 / Double(count)).squareRoot())
                let mean = state.seconds.reduce(0, +) / Double(count)
                #expect(abs(mean - 1.03125 * 1.03125) < 4.5 * 0.0625 / Double(count).squareRoot())
            }
            // Places next to each other, far from each other, and the same in another update.
            let pairs = [
                zip(ups[0], ups[0].dropFirst()).map { $0 && $1 },
                zip(ups[0], ups[0].dropFirst(4096)).map { $0 && $1 },
                zip(ups[0], ups[1]).map { $0 && $1 },
            ]
            for both in pairs {
                let share = Double(both.count { $0 }) / Double(both.count)
                #expect(abs(share - 0.0625) < 5 * (0.0586 / Double(both.count)).squareRoot())
            }
        }
    }

    @Test(
        "all levels and thread counts give the bits of the plain twin, which computes the definition",
        arguments: [1, 15, 16, 17, 255, 256, 257, 300, 20_000])
    func twin(count: Int) {
        var random = Random(27)
        var states: [String: State] = [:]
        let start = State(random.values(count))
        for step in 0..<4 {
            var update = Update(gradient: random.values(count))
            // Values of very different size in a block, and some that are zero.
            for i in 0..<count { update.gradient[i] *= Float(pow(0.25, Double(i * i % 17))) }
            for i in stride(from: 3, to: count, by: 11) { update.gradient[i] = 0 }
            update.gradientScale = 0.5
            update.betas = (0.9, 0.95)
            update.keep = 0.99
            update.correction = 1.3
            update.epsilon = 1e-6
            update.key = UInt64(step)
            let plain = withKernels("portable", threads: 1) {
                update.run(states["portable 1"] ?? start, $0)
            }
            check(update, states["portable 1"] ?? start, plain)
            for level in Kernels.levelNames {
                for threads in 1...3 {
                    let name = "\(level) \(threads)"
                    let result = withKernels(level, threads: threads) {
                        update.run(states[name] ?? start, $0)
                    }
                    #expect(result == plain, "\(count) values, step \(step), \(name)")
                    states[name] = result
                }
            }
        }
    }

    /// Holds an update against its definition in `Double`.
    private func check(_ update: Update, _ old: State, _ new: State) {
        let firsts = old.firsts, seconds = old.seconds
        let newFirsts = new.firsts, newSeconds = new.seconds
        for i in old.p.indices {
            let g = Double(update.gradient[i]) * Double(update.gradientScale)
            let beta1 = Double(update.betas.0), beta2 = Double(update.betas.1)
            let first = firsts[i] * beta1 + g * (1 - beta1)
            let second = seconds[i] * beta2 + g * g * (1 - beta2)
            let change =
                Double(update.rate) * first
                / (second.squareRoot() * Double(update.correction) + Double(update.epsilon))
            let p = Double(old.p[i]) * Double(update.keep) - change
            #expect(abs(Double(new.p[i]) - p) < 3e-7 + 2e-6 * abs(change))
            let mScale = Double(new.mScales[i / 256]), vScale = Double(new.vScales[i / 256])
            #expect(
                abs(newFirsts[i] - first)
                    <= Self.gap(first, mScale, smallestExponent: -14) * 1.01 + 1e-6 * abs(first))
            #expect(
                abs(newSeconds[i] - second)
                    <= Self.gap(second, vScale, smallestExponent: -30) * 1.01 + 1e-6 * second
                    + 0x1p-33 * vScale)
        }
    }

    @Test("a second moment is never lost beside a large one, so that no step explodes")
    func smallBesideLarge() {
        let gradient = (0..<512).map { $0 % 256 == 0 ? Float(100) : 1e-6 }
        var update = Update(gradient: gradient)
        for level in Kernels.levelNames {
            var state = State([Float](repeating: 0, count: 512))
            withKernels(level, threads: 1) { kernels in
                for step in 1...50 {
                    update.key = UInt64(step)
                    update.rate = 0.01 / Float(1 - pow(0.9, Double(step)))
                    update.correction = Float(1 / (1 - pow(0.999, Double(step))).squareRoot())
                    let last = state.p
                    state = update.run(state, kernels)
                    #expect(state.v.allSatisfy { $0 > 0 }, "\(level)")
                    #expect(zip(state.p, last).allSatisfy { abs($0 - $1) < 0.05 }, "\(level)")
                }
            }
        }
    }

    @Test("nothing moves where no gradient ever came")
    func zero() {
        let start = State([Float](repeating: 0.5, count: 300))
        let update = Update(gradient: [Float](repeating: 0, count: 300))
        for level in Kernels.levelNames {
            let next = withKernels(level, threads: 1) {
                update.run(update.run(start, $0), $0)
            }
            #expect(next.p == start.p && next.mScales == [0, 0] && next.vScales == [0, 0])
        }
    }
}
