import Foundation
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

    /// Noisy least squares, 8192 weights whose slopes differ by a factor of 1000: how far each weight
    /// is from the solution after some updates.
    private func errors(_ name: OptimizerName, updates: Int) throws -> [Double] {
        let workspace = Workspace(
            kernels: try #require(Kernels(threads: 2)), activationType: .float32)
        var recipe = OptimizerRecipe()
        recipe.name = name
        recipe.weightDecay = 0
        let count = 8192, random = RandomStream(seed: 3, .initialization)
        let target = (0..<count).map { Float(random[0].normal($0)) }
        let slopes = (0..<count).map { Float(exp2(10 * random[1].uniform($0) - 5)) }
        let parameter = Parameter(name: "w", value: workspace.zeros(64, 128))
        let optimizer = makeOptimizer(recipe, [parameter], in: workspace)
        for update in 0..<updates {
            let noise = random[2 + update]
            let gradient = zip(parameter.value.values, target).enumerated().map { place, pair in
                slopes[place] * (pair.0 - pair.1 + 0.5 * Float(noise.normal(place)))
            }
            parameter.slot.gradient = workspace.tensor(gradient, rows: 64, columns: 128)
            let rate = 0.02 * (1 - Double(update) / Double(updates))
            optimizer.update(rate: rate, gradientScale: 1)
        }
        return zip(parameter.value.values, target).map { Double($0) - Double($1) }
    }

    @Test("AdamW in 8 bits comes as near as in f32, by nearly the same way")
    func eightBits() throws {
        func meanSquare(_ values: [Double]) -> Double {
            values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        }
        for updates in [50, 400] {
            let wide = try errors(.adamw, updates: updates)
            let narrow = try errors(.adamw8Bit, updates: updates)
            let distance = meanSquare(zip(wide, narrow).map { $0 - $1 })
            #expect(meanSquare(narrow) < 1.05 * meanSquare(wide), "\(updates)")
            #expect(distance < 0.05 * meanSquare(wide), "\(updates)")
            #expect(distance > 0)
        }
    }

    @Test("AdamW keeps two bytes for a weight of a large tensor, and f32 for small ones")
    func eightBitState() throws {
        let workspace = Workspace(
            kernels: try #require(Kernels(threads: 1)), activationType: .float32)
        let small = Parameter(name: "norm", value: workspace.zeros(1, 4095), isVector: true)
        let large = Parameter(name: "w", value: workspace.zeros(64, 100))
        var recipe = OptimizerRecipe()
        recipe.name = .adamw8Bit
        let state = makeOptimizer(recipe, [small, large], in: workspace).state
        #expect(
            state.map(\.name) == [
                "exp_avg.norm", "exp_avg_sq.norm", "exp_avg_codes.w", "exp_avg_scales.w",
                "exp_avg_sq_codes.w", "exp_avg_sq_scales.w",
            ])
        #expect(state.map(\.shape) == [[4095], [4095], [64, 100], [25], [64, 100], [25]])
        #expect(state.map(\.byteCount) == [16_380, 16_380, 6400, 100, 6400, 100])
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
