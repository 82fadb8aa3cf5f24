import Retort
import RetortKernels
import RetortModels
import RetortTraining

@main
enum Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        guard let kernels = Kernels(threads: nil, levelName: nil) else { return }
        let model = try Model(value("--model")!, kernels: kernels, precision: .float32)
        let grid = try TokenGrid(
            contentsOf: value("--tokens")!, vocabularySize: model.description.vocabularySize)
        try ForwardCheck(
            model: model, wantsHiddenStates: arguments.contains("--hidden-states"),
            wantsGradients: arguments.contains("--gradients")
        ).run(grid, to: value("--output")!)
    }
}
