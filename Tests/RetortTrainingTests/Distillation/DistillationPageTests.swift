import Foundation
import RetortTraining
import Testing

@Suite("The page of distillation")
struct DistillationPageTests {
    private let text: String

    init() throws {
        let page = URL(filePath: fixtures).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Docs/Distillation.md")
        text = try String(contentsOf: page, encoding: .utf8)
    }

    @Test("shows recipes that can be read, one of every way to teach")
    func recipes() throws {
        let parts = text.components(separatedBy: "```yaml recipe\n").dropFirst()
        let sections = try parts.map { part in
            let end = try #require(part.range(of: "```"))
            let recipe = try RecipeSamples.read(String(part[..<end.lowerBound]))
            #expect(recipe.task == .distill)
            return try #require(recipe.distillation)
        }
        #expect(sections.count == 8)
        #expect(sections.contains { $0.targets != nil })
        #expect(sections.contains { $0.endpoint != nil })
        #expect(sections.contains { $0.loss == .uld })
        #expect(sections.contains { $0.tokens == .unsupervised })
        #expect(sections.contains { $0.hiddenStates != nil })
        #expect(sections.contains { $0.attention != nil })
        #expect(sections.contains { $0.onPolicy != nil })
    }

    @Test("tells what every word of the recipe means")
    func words() {
        let words =
            SoftLossName.allCases.map(\.rawValue) + TopKName.allCases.map(\.rawValue)
            + DistilledTokens.allCases.map(\.rawValue)
        for word in words { #expect(text.contains("`\(word)`"), "\(word)") }
        for part in ["hard_loss", "soft_loss", "hidden_loss", "attention_loss"] {
            #expect(text.contains("`\(part)`"), "\(part)")
        }
    }

    @Test("tells of every loss that can be checked")
    func checked() throws {
        let losses = [
            "cross_entropy", "label_smoothing", "z_loss", "hinton", "topk_tail",
            "topk_renormalized", "topk_renormalized_both", "sampled", "uld", "hidden_mse",
            "hidden_cosine", "attention_kl",
        ]
        let table = try #require(text.components(separatedBy: "## Checking a loss").last)
        for loss in losses { #expect(table.contains("`\(loss)`"), "\(loss)") }
    }
}
