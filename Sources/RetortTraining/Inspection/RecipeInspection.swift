import Glibc
import RetortFiles

/// A recipe: every key is checked, and shown with the defaults filled in.
enum RecipeInspection: InspectedKind {
    static func recognizes(_ target: InspectionTarget) -> Bool {
        target.isFile(named: ".yaml", ".yml")
    }

    static func inspect(_ target: InspectionTarget) throws -> InspectionReport {
        let recipe = try Recipe(path: target.path)
        let missing = recipe.inputs.filter { unsafe access($0.path, F_OK) != 0 }
        return InspectionReport(
            text: "# A recipe, with its defaults.\n" + recipe.yaml.dropLast(),
            json: .object(
                JSONObject([("kind", .string("recipe")), ("recipe", recipe.recipeNode.json)])),
            warnings: missing.map {
                "\(target.path): \($0.key) is \($0.path), which does not exist here"
            })
    }
}
