extension StudentPlan {
    /// Keeps the most important heads, feed-forward channels and channels of the residual stream.
    ///
    /// A key and value head stays or goes with all of its group: it counts as the sum of those of its
    /// query heads that would stay.
    ///
    /// - Parameters:
    ///   - sizes: How many of each, settled for the model.
    ///   - importance: Measured on the model.
    ///   - description: The model's.
    mutating func narrow(
        to sizes: StudentSizes, by importance: Importance, of description: DecoderDescription
    ) {
        hidden = sizes.hidden.map { importance.hidden.largest($0) }
        inner = sizes.inner.map { count in
            layers.map { importance.inner[$0].largest(count) }
        }
        guard let queries = sizes.heads, let groups = sizes.keyValueHeads else { return }
        heads = layers.map { layer in
            let attention = description.layers[layer].attention
            return Self.heads(
                importance.heads[layer], size: attention.headCount / attention.keyValueHeadCount,
                groups: groups, each: queries / groups)
        }
    }

    /// The heads that stay in one layer.
    ///
    /// - Parameters:
    ///   - scores: Of the query heads.
    ///   - size: Query heads of a group.
    ///   - groups: How many groups stay.
    ///   - each: How many query heads of each stay.
    /// - Returns: The best heads of the best groups.
    static func heads(_ scores: [Double], size: Int, groups: Int, each: Int) -> KeptHeads {
        let best = (0..<scores.count / size).map { group in
            Array(scores[group * size..<(group + 1) * size]).largest(each).map {
                group * size + $0
            }
        }
        let kept = best.map { $0.reduce(0) { $0 + scores[$1] } }.largest(groups)
        return KeptHeads(queries: kept.flatMap { best[$0] }, keyValues: kept)
    }
}

extension [Double] {
    /// The places of the largest values, rising; of equal ones the first.
    func largest(_ count: Int) -> [Int] {
        let order = indices.sorted { (self[$0], $1) > (self[$1], $0) }
        return order.prefix(count).sorted()
    }
}
