import Glibc
import Retort
import RetortKernels
import RetortModels
import RetortFiles
import RetortTraining

@main
enum Main {
    static func main() {
        do { try run() } catch {
            print("retort: \(error)")
            exit(1)
        }
    }
    static func run() throws {
        let arguments = CommandLine.arguments
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        guard let kernels = Kernels(threads: value("--threads").flatMap { Int($0) }, levelName: nil) else { return }
        switch arguments[1] {
        case "train":
            StopSignal.listen()
            let recipe = try Recipe(path: arguments[2], overrides: []).resolved()
            let run = try TrainingRun(recipe, kernels: kernels) { event in
                if case .step(let m) = event { print(m.step, m.loss, m.gradientNorm, m.tokensPerSecond) }
            }
            _ = try run.run(arguments.contains("--resume") ? .resume : .fresh)
        case "bench":
            let model = try Model(value("--model")!, kernels: kernels, precision: value("--precision").flatMap { Precision(rawValue: $0) } ?? .auto)
            var b = TrainingBenchmark()
            b.isFull = arguments.contains("--full")
            b.checkpointing = arguments.contains("--gradient-checkpointing")
            b.steps = value("--steps").flatMap { Int($0) } ?? 3
            print(try b.run(model).json.serialized())
        case "generate":
            let model = try Model(value("--model")!, kernels: kernels, precision: value("--precision").flatMap { Precision(rawValue: $0) } ?? .auto)
            if let adapter = value("--adapter") { _ = try model.decoder.loadAdapter(adapter, family: model.family) }
            var options = Generator.Options()
            options.maximumTokens = value("--max-tokens").flatMap { Int($0) } ?? 64
            let ids = value("--prompt-ids")!.split(separator: ",").map { Int32($0)! }
            let out = Generator(model).generate([ids], options)[0]
            print(JSONValue.object(JSONObject([("ids", .array(out.map(JSONValue.integer)))])).serialized())
        default:
        let model = try Model(value("--model")!, kernels: kernels, precision: .float32)
        if let adapter = value("--adapter") { _ = try model.decoder.loadAdapter(adapter, family: model.family) }
        let grid = try TokenGrid(
            contentsOf: value("--tokens")!, vocabularySize: model.description.vocabularySize)
        try ForwardCheck(
            model: model, wantsHiddenStates: arguments.contains("--hidden-states"),
            wantsGradients: arguments.contains("--gradients")
        ).run(grid, to: value("--output")!)
        }
    }
}
