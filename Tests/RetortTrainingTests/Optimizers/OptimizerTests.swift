import RetortKernels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Optimizers")
struct OptimizerTests {
    private func run(
        _ recipe: OptimizerRecipe, updates: Int, rate: (Int) -> Double,
        _ rule: (_ p: inout Double, _ g: Double, _ update: Int, _ place: Int) -> Void
    ) throws {
        let workspace = Workspace(
            kernels: try #require(Kernels(threads: 1)), activationType: .float32)
        let start: [Float] = [0.5, -2, 3, 0]
        let parameters = ["layers.0.weight", "norm.weight"].map {
            Parameter(name: $0, value: workspace.tensor(start, rows: 1, columns: 4))
        }
        let optimizer = makeOptimizer(recipe, parameters, in: workspace)
        var plain = (start + start).map { Double($0) }
        for update in 0..<updates {
            let gradient = (0..<4).map { Float((update * 7 + $0 * 3) % 11 - 5) / 4 }
            for parameter in parameters {
                parameter.slot.gradient = workspace.tensor(gradient, rows: 1, columns: 4)
            }
            optimizer.update(rate: rate(update), gradientScale: 0.5)
            for place in plain.indices {
                rule(&plain[place], Double(gradient[place % 4]) / 2, update, place)
            }
        }
        #expect(optimizer.updateCount == updates)
        expectNear(
            parameters.flatMap(\.value.values), plain.map { Float($0) }, 2e-6, "parameters")
    }

    @Test("AdamW follows its recurrence, with decay but for the names that are exempt")
    func adamW() throws {
        var recipe = OptimizerRecipe()
        recipe.betas = MomentDecay(0.8, 0.95)
        recipe.epsilon = 1e-3
        recipe.weightDecay = 0.1
        recipe.noDecay = ["norm"]
        var first = [Double](repeating: 0, count: 8), second = first
        var powers = (1.0, 1.0)
        let rate = { 0.02 / Double(1 + $0) }
        try run(recipe, updates: 20, rate: rate) { p, g, update, place in
            if place == 0 { powers = (powers.0 * 0.8, powers.1 * 0.95) }
            first[place] = 0.8 * first[place] + 0.2 * g
            second[place] = 0.95 * second[place] + 0.05 * g * g
            if place < 4 { p *= 1 - rate(update) * 0.1 }
            p -=
                rate(update) * first[place] / (1 - powers.0)
                / ((second[place] / (1 - powers.1)).squareRoot() + 1e-3)
        }
    }

    @Test(
        "SGD follows its recurrence, with and without momentum",
        arguments: [(0, false), (0.9, false), (0.9, true)] as [(Double, Bool)])
    func sgd(momentum: Double, nesterov: Bool) throws {
        var recipe = OptimizerRecipe()
        recipe.name = .sgd
        recipe.momentum = momentum
        recipe.nesterov = nesterov
        recipe.weightDecay = 0.05
        var buffers = [Double](repeating: 0, count: 8)
        try run(recipe, updates: 20, rate: { _ in 0.01 }) { p, g, _, place in
            let slope = g + 0.05 * p
            buffers[place] = momentum * buffers[place] + slope
            p -= 0.01 * (nesterov ? slope + momentum * buffers[place] : buffers[place])
        }
    }

    @Test("state has torch's names")
    func state() throws {
        let workspace = Workspace(
            kernels: try #require(Kernels(threads: 1)), activationType: .float32)
        let parameter = Parameter(name: "w", value: workspace.zeros(2, 3))
        var recipe = OptimizerRecipe()
        #expect(
            makeOptimizer(recipe, [parameter], in: workspace).state.map(\.name)
                == ["exp_avg.w", "exp_avg_sq.w"])
        recipe.name = .sgd
        #expect(
            makeOptimizer(recipe, [parameter], in: workspace).state.map(\.name)
                == ["momentum_buffer.w"])
    }
}
