import RetortKernels
import Testing

@testable import RetortTensor

@Suite("Step profile")
struct StepProfileTests {
    private let bench = Bench(.float32)

    /// Two linear layers under a norm, one of them behind a checkpoint.
    private func step() {
        let workspace = bench.workspace
        var random = Random(3)
        let parameter = Parameter(name: "w", value: bench.tensor(random.grid(6, 6)))
        let norm = Parameter(name: "norm", value: bench.tensor(random.grid(1, 6)))
        let tape = Tape(workspace)
        let x = tape.watch(bench.tensor(random.grid(5, 6)))
        workspace.profiledStep {
            let loss = workspace.profiled(pass: .forward) {
                let linear = Linear(weight: Weight(parameter.value))
                let inner = tape.checkpoint(x) { tape, x in
                    linear(tape, x, weight: parameter.variable)
                }
                let normed = tape.apply(RMSNorm(epsilon: 1e-5), inner, norm.variable)
                let head = LossHead(
                    weight: Weight(parameter.value),
                    loss: CrossEntropy(labels: [1, 2, 3, 4, -100], scale: 0.25),
                    wantsGradient: true)
                return tape.apply(head, [normed, nil])[0]
            }
            tape.backward(from: loss)
            workspace.profiled("optimizer") {}
        }
    }

    @Test("names operations without what they are generic over, and their passes")
    func names() {
        let profile = StepProfile()
        bench.workspace.profile = profile
        step()
        step()
        #expect(profile.stepCount == 2)
        let passes = Dictionary(
            uniqueKeysWithValues: profile.meanRows.map { ($0.name, Set($0.seconds.keys)) })
        #expect(
            passes == [
                "Linear": [.forward, .recomputation, .backward], "RMSNorm": [.forward, .backward],
                "LossHead": [.forward, .backward], "optimizer": [.other],
                StepProfile.rest: [.forward, .recomputation, .backward, .other],
            ])
        #expect(profile.meanRows.last?.name == StepProfile.rest)
    }

    @Test("the parts add up to the steps' time")
    func sums() {
        let profile = StepProfile()
        bench.workspace.profile = profile
        let clock = ContinuousClock()
        var inner = Duration.zero
        let outer = clock.measure {
            for _ in 0..<20 {
                bench.workspace.profiledStep {
                    inner += clock.measure {
                        for _ in 0..<100 {
                            bench.workspace.profiled("a") { bench.workspace.profiled("b") {} }
                        }
                    }
                }
            }
        }
        let (low, high) = (inner / .seconds(20), outer / .seconds(20))
        let sum = profile.meanRows.reduce(0) { $0 + $1.total }
        #expect(low <= sum && sum <= high)
        #expect(Set(profile.meanRows.map(\.name)) == ["a", "b", StepProfile.rest])
    }

    @Test("nothing counts between the steps, and nothing without a profile")
    func outside() {
        step()
        let profile = StepProfile()
        bench.workspace.profile = profile
        #expect(bench.workspace.profiled("validation") { 7 } == 7)
        #expect(profile.meanRows.isEmpty && profile.stepCount == 0)
    }

    @Test("a step that fails still ends")
    func failure() {
        struct Failure: Error {}
        let profile = StepProfile()
        bench.workspace.profile = profile
        #expect(throws: Failure.self) {
            try bench.workspace.profiledStep {
                try bench.workspace.profiled("data") { throw Failure() }
            }
        }
        _ = bench.workspace.profiled("between") { 0 }
        #expect(Set(profile.meanRows.map(\.name)) == ["data", StepProfile.rest])
        #expect(profile.stepCount == 1)
    }
}
