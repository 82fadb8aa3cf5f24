/// The recipes: what differs between them, and each as it was resolved.
struct RecipeSectionOfPage {
    private let runs: [RunRecord]

    init(_ report: RunReport) { runs = report.runs }

    var markup: Markup {
        """
        <section id="recipes" aria-labelledby="recipes-title">
        <h2 id="recipes-title">\(runs.count > 1 ? "Recipes" : "Recipe")</h2>
        \(runs.count > 1 ? differences : "")
        \(runs.enumerated().map { full($1, index: $0) })
        </section>
        """
    }

    private var differences: Markup {
        let rows = RunRecipe.differences(runs.map(\.recipe)).filter { $0.key != "output_dir" }
        guard !rows.isEmpty else {
            return "<p>The recipes are the same, but for their folders.</p>"
        }
        let heads = runs.enumerated().map { index, run -> Markup in
            "<th scope=\"col\">\(RunLabel(run: run, index: index).markup)</th>"
        }
        let lines = rows.map { key, values -> Markup in
            let cells = values.map { value -> Markup in
                value.map { "<td><code>\($0)</code></td>" } ?? "<td class=\"none\">–</td>"
            }
            return "<tr><th scope=\"row\"><code>\(key)</code></th>\(cells)</tr>"
        }
        return """
            <p>The keys that differ, <code>output_dir</code> aside:</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Differences of the recipes">
            <table class="differences"><thead><tr><td></td>\(heads)</tr></thead>
            <tbody>\(lines)</tbody></table></div>
            """
    }

    private func full(_ run: RunRecord, index: Int) -> Markup {
        guard let recipe = run.recipe else {
            return "<p class=\"none\">\(run.name): there is no recipe that can be read.</p>"
        }
        return """
            <details class="recipe"><summary>\(
                RunLabel(run: run, index: index).markup) <small>\(run.path)/recipe.yaml</small>\
            </summary><pre tabindex="0">\(recipe.text)</pre></details>
            """
    }
}
