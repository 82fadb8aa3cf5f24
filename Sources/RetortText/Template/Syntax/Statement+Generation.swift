extension Statement {
    /// Whether `{% generation %}` stands in it anywhere.
    var marksGeneration: Bool {
        switch self {
        case .generation: true
        case .condition(let branches, let otherwise):
            branches.contains { $0.body.contains(where: \.marksGeneration) }
                || otherwise.contains(where: \.marksGeneration)
        case .loop(let loop): (loop.body + loop.otherwise).contains(where: \.marksGeneration)
        case .setBlock(_, _, let body, _), .with(_, let body), .filter(_, let body),
            .scope(let body, _):
            body.contains(where: \.marksGeneration)
        case .macro(let macro), .call(_, _, let macro, _):
            macro.body.contains(where: \.marksGeneration)
        case .text, .output, .set, .breakLoop, .continueLoop, .refused: false
        }
    }
}
