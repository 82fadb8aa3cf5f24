import RetortKernels
import Synchronization
import Testing

/// One number that a plain twin computed in `Double`, and how far a kernel may be from it.
struct Expected {
    var value: Double
    var tolerance: Double

    init(_ value: Double, _ tolerance: Double) {
        self.value = value
        self.tolerance = tolerance
    }

    /// Whether a result is near enough; what is not finite must be the same.
    func allows(_ result: Float) -> Bool {
        if value.isNaN { return result.isNaN }
        if !value.isFinite { return Double(result) == value }
        return abs(Double(result) - value) <= tolerance
    }
}

/// Half a unit in the last place of f32, relative.
let floatUnit = 0x1p-24
/// Half a unit in the last place of bf16, relative.
let bfloat16Unit = 0x1p-8

/// What rounding a result to a type adds to its tolerance.
func roundingUnit(_ type: ElementType) -> Double { type == .float32 ? floatUnit : bfloat16Unit }

/// Runs a kernel on every level, holds it against its twin, and wants the same bits from one, two and
/// three threads.
///
/// `expected` has the numbers of every output; `run` calls the kernel with operands in guarded memory
/// and returns its outputs.
func judge(
    _ expected: [[Expected]], _ label: @autoclosure () -> String = "",
    location: SourceLocation = #_sourceLocation, run: (Kernels, GuardedMemory) -> [[Float]]
) {
    for level in Kernels.levelNames {
        var first: [[UInt32]]?
        for threads in 1...3 {
            let memory = GuardedMemory()
            let results = withKernels(level, threads: threads) { run($0, memory) }
            withExtendedLifetime(memory) {}
            let bits = results.map { $0.map(\.bitPattern) }
            if let first {
                #expect(
                    bits == first, "\(label()), \(level): \(threads) threads give other bits",
                    sourceLocation: location)
                continue
            }
            first = bits
            #expect(results.count == expected.count, sourceLocation: location)
            for (output, (result, wanted)) in zip(results, expected).enumerated() {
                compare(result, wanted, "\(label()), \(level), output \(output)", location)
            }
        }
    }
}

private func compare(
    _ result: [Float], _ expected: [Expected], _ label: String, _ location: SourceLocation
) {
    guard result.count == expected.count else {
        Issue.record(
            "\(label): \(result.count) values, not \(expected.count)", sourceLocation: location)
        return
    }
    let wrong = result.indices.filter { !expected[$0].allows(result[$0]) }
    guard let first = wrong.first else { return }
    let wanted = expected[first]
    Issue.record(
        """
        \(label): \(wrong.count) of \(result.count) values are off, the first at \(first): \
        \(result[first]), not \(wanted.value) within \(wanted.tolerance)
        """, sourceLocation: location)
}

/// Kernels that no test uses at the moment; threads of a pool never end, so pools are shared.
private let idle = Mutex<[String: [Kernels]]>([:])

/// Lends kernels to a test, which alone may use them.
func withKernels<Result>(
    _ level: String, threads: Int, _ body: (Kernels) throws -> Result
) rethrows -> Result {
    let key = "\(level) \(threads)"
    guard
        let kernels = idle.withLock({ $0[key]?.popLast() })
            ?? Kernels(threads: threads, levelName: level)
    else { preconditionFailure("\(level) does not run here") }
    defer { idle.withLock { $0[key, default: []].append(kernels) } }
    return try body(kernels)
}
