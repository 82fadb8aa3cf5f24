import Glibc
import RetortKernels
import Synchronization
import Testing

@testable import RetortTensor

func cosine(_ angle: Double) -> Double { cos(angle) }
func sine(_ angle: Double) -> Double { sin(angle) }

/// Numbers for tests: Steele, Lea and Flood's SplitMix64 (OOPSLA 2014).
struct Random {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Between -1 and 1, exact in bf16.
    mutating func value() -> Double { Double(Int64(bitPattern: word()) >> 57) / 64 }

    mutating func grid(_ rows: Int, _ columns: Int) -> Grid<Double> {
        Grid(rows, columns) { _, _ in value() }
    }
}

/// Two threads on the best level; a test alone may use it.
final class Bench {
    private static let idle = Mutex<[Kernels]>([])
    let kernels: Kernels
    let workspace: Workspace

    init(_ type: ElementType) {
        guard let kernels = Self.idle.withLock({ $0.popLast() }) ?? Kernels(threads: 2) else {
            preconditionFailure("there is always a level")
        }
        self.kernels = kernels
        workspace = Workspace(kernels: kernels, activationType: type)
    }

    deinit { Self.idle.withLock { $0.append(kernels) } }

    func tensor(_ grid: Grid<Double>, _ type: ElementType = .float32) -> Tensor {
        let wide = workspace.tensor(
            grid.values.map { Float($0) }, rows: grid.rowCount, columns: grid.columnCount)
        return workspace.converted(wide, to: type)
    }
}

/// `Σ weights · y`: a loss of any output, written as a user of the library would write it.
struct WeightedSum: RetortTensor.Operation {
    let weights: Grid<Double>

    func forward(_ inputs: [Tensor?], in workspace: Workspace) -> (outputs: [Tensor], saved: Void) {
        let values = inputs[0]?.values ?? []
        let sum = zip(values, weights.values).reduce(0) { $0 + Double($1.0) * $1.1 }
        return ([workspace.tensor([Float(sum)], rows: 1, columns: 1)], ())
    }

    func backward(
        _ gradients: [Tensor?], saved: Void, into inputs: InputGradients, in workspace: Workspace
    ) {
        guard let factor = gradients[0]?[0, 0] else { return }
        inputs.add(
            workspace.tensor(
                weights.values.map { Float($0) * factor }, rows: weights.rowCount,
                columns: weights.columnCount), to: 0)
    }
}

/// An input of an operation under test.
struct Given {
    var value: Grid<Double>
    /// Whether products read it, so that it has the workspace's activation type.
    var isActivation = false

    init(_ value: Grid<Double>, isActivation: Bool = false) {
        self.value = value
        self.isActivation = isActivation
    }
}

/// Judges an operation: its reference's slopes by central differences, then its output and gradients
/// by the reference, in f32 and bf16, with and without gradients that are there already.
func judge(
    _ operation: some RetortTensor.Operation, _ reference: some Reference, _ inputs: [Given?],
    _ label: String = "", types: [ElementType] = [.float32, .bfloat16],
    location: SourceLocation = #_sourceLocation
) {
    var random = Random(99)
    let plainInputs = inputs.map { $0?.value }
    let output = reference(plainInputs)
    let weights = random.grid(output.rowCount, output.columnCount)
    let gradients = reference.gradients(plainInputs, weights)
    for (own, other) in zip(gradients, reference.differences(plainInputs, weights)) {
        if let own, let other {
            compare(other.values, own.values, 1e-6, "\(label), differences", location)
        }
    }
    for type in types {
        let tolerance = type == .float32 ? 1e-5 : 2e-2
        for present in [nil, 0.75] {
            let bench = Bench(type)
            let variables = inputs.map { given in
                given.map {
                    let tensor = bench.tensor($0.value, $0.isActivation ? type : .float32)
                    let variable = Tape(bench.workspace).watch(tensor)
                    let shape = $0.value
                    variable.slot?.gradient = present.map { present in
                        bench.tensor(shape.map { _ in present })
                    }
                    return variable
                }
            }
            let tape = Tape(bench.workspace)
            let result = tape.apply(operation, variables)[0]
            let name = "\(label), \(type)"
            compare(
                result.value.values.map { Double($0) }, output.values, tolerance, "\(name), output",
                location)
            tape.backward(from: tape.apply(WeightedSum(weights: weights), result))
            for (index, variable) in variables.enumerated() {
                guard let variable, let expected = gradients[index] else { continue }
                compare(
                    variable.gradient?.values.map { Double($0) - (present ?? 0) } ?? [],
                    expected.values, tolerance, "\(name), gradient of input \(index)", location)
            }
        }
    }
}

/// Wants two lists to be the same up to a part of their largest number.
func compare(
    _ result: [Double], _ expected: [Double], _ tolerance: Double, _ label: String,
    _ location: SourceLocation = #_sourceLocation
) {
    let size = expected.reduce(1e-3) { max($0, abs($1)) }
    guard result.count == expected.count else {
        Issue.record(
            "\(label): \(result.count) values, not \(expected.count)", sourceLocation: location)
        return
    }
    let wrong = result.indices.first { !(abs(result[$0] - expected[$0]) <= tolerance * size) }
    if let wrong {
        Issue.record(
            "\(label): element \(wrong) is \(result[wrong]), not \(expected[wrong])",
            sourceLocation: location)
    }
}
