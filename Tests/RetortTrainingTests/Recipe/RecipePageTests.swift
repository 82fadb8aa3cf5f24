import Foundation
import RetortFiles
import RetortTraining
import Testing

@Suite("The page of recipes")
struct RecipePageTests {
    /// A row of a table of keys.
    struct Row {
        let key: String
        let standard: String
    }

    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Docs/Recipes.md").standardized

    /// The rows by section; the top level's is empty.
    private func rows() throws -> [String: [Row]] {
        var rows: [String: [Row]] = [:]
        var section = ""
        var isTableOfKeys = false
        for line in try String(contentsOf: Self.page, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
            if line.hasPrefix("## ") || line.hasPrefix("### ") {
                let parts = line.split(separator: "`")
                section = parts.count == 2 ? String(parts[1]) : ""
            } else if line.hasPrefix("| key |") || line.hasPrefix("| format |") {
                isTableOfKeys = line.hasPrefix("| key |")
            } else if isTableOfKeys, line.hasPrefix("| `"), cells.count >= 3 {
                rows[section, default: []].append(Row(key: cells[0], standard: cells[1]))
            }
        }
        return rows
    }

    @Test("names every key once, with its default")
    func complete() throws {
        var recipe = try RecipeSamples.read(RecipeSamples.short)
        recipe.task = .distill
        recipe.adapter = AdapterRecipe()
        recipe.distillation = DistillationRecipe()
        recipe.distillation?.teacher = TeacherRecipe()
        recipe.distillation?.endpoint = EndpointRecipe()
        recipe.distillation?.hiddenStates = HiddenStatesRecipe()
        recipe.distillation?.attention = AttentionRecipe()
        recipe.distillation?.onPolicy = OnPolicyRecipe()
        recipe.model.initialize = InitializeRecipe()
        recipe.model.initialize?.keepLayers = 1
        recipe.model.initialize?.scratch = ScratchRecipe()
        let written = recipe.recipeNode
        let rows = try rows()
        let values = Recipe.keys.filter(\.keys.isEmpty)
        try compare(rows[""] ?? [], values, written, but: [:])
        for section in Recipe.keys where !section.keys.isEmpty {
            let node = try #require(written[section.key])
            // What only another optimizer or another divergence has, and what is required unless
            // another key is there.
            let others = [
                "momentum": "0.0", "nesterov": "false", "beta": "0.5", "lambda": "0.1",
                "train": "required",
            ]
            try compare(rows[section.key] ?? [], section.keys, node, but: others)
            try compareInside(section, section.key, node, rows)
        }
    }

    private func compareInside(
        _ section: RecipeKey, _ name: String, _ node: YAMLNode, _ rows: [String: [Row]]
    ) throws {
        for inner in section.keys where !inner.keys.isEmpty {
            let name = "\(name).\(inner.key)", node = try #require(node[inner.key])
            // What the recipe has only so that the section is written, or in another case.
            let others = ["keep_layers": "none", "calibration": "none"]
            try compare(rows[name] ?? [], inner.keys, node, but: others)
            try compareInside(inner, name, node, rows)
        }
    }

    private func compare(
        _ rows: [Row], _ keys: [RecipeKey], _ node: YAMLNode, but others: [String: String]
    ) throws {
        #expect(rows.map(\.key) == keys.map(\.key))
        for (row, key) in zip(rows, keys) {
            if key.isOptionalSection {
                #expect(row.standard == "none")
            } else if key.isRequired {
                #expect(row.standard == "required")
            } else if let other = others[key.key] {
                #expect(row.standard == other)
            } else if ["none", "all", "by format"].contains(row.standard) {
                let value = node[key.key]?.value
                let isNothing = [.null, .sequence([]), .mapping([])].contains(value)
                #expect(isNothing || row.standard == "by format")
            } else {
                let standard = try YAMLParser.parse(row.standard).json
                let value = node[key.key]?.json
                #expect(value?.double == standard.double)
                if standard.double == nil { #expect(value == standard) }
            }
        }
    }
}
