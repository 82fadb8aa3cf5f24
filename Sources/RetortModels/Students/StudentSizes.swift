/// What a student has less of than its model; nil keeps what there is.
public struct StudentSizes: Sendable, Equatable {
    /// Channels of the residual stream.
    public var hidden: Int?
    /// Query heads of every layer.
    public var heads: Int?
    /// Key and value heads of every layer.
    public var keyValueHeads: Int?
    /// Channels inside the feed-forward block of every layer.
    public var inner: Int?

    /// Keeps everything.
    public init() {}

    /// Whether the student is narrower than its model.
    public var isNarrower: Bool { self != Self() }

    /// Checks the sizes and fills in what follows: heads that are not given are as many of each
    /// group as before.
    ///
    /// - Parameters:
    ///   - description: The model's.
    ///   - path: The model, for messages.
    /// - Returns: The sizes with both counts of heads, or none.
    /// - Throws: ``StudentError`` for the first that cannot be.
    func settled(
        for description: DecoderDescription, path: String
    ) throws(StudentError) -> StudentSizes {
        guard let layer = description.layers.first,
            description.layers.allSatisfy({ $0.hasSizes(of: layer) })
        else { throw .unequalLayers(path: path) }
        func check(_ what: StudentError.Size, _ size: Int?, _ count: Int) throws(StudentError) {
            guard let size, !(1...count).contains(size) else { return }
            throw .size(path: path, what: what, wanted: size, count: count)
        }
        let attention = layer.attention
        let group = attention.headCount / attention.keyValueHeadCount
        try check(.hidden, hidden, description.hiddenSize)
        try check(.inner, inner, layer.feedForward.innerSize)
        try check(.heads, heads, attention.headCount)
        try check(.keyValueHeads, keyValueHeads, attention.keyValueHeadCount)
        var sizes = self
        switch (heads, keyValueHeads) {
        case (nil, nil): break
        case (nil, let groups?): sizes.heads = groups * group
        case (let heads?, nil):
            guard heads % group == 0 else {
                throw .partialGroup(path: path, heads: heads, group: group)
            }
            sizes.keyValueHeads = heads / group
        case (let heads?, let groups?):
            guard heads % groups == 0, heads / groups <= group else {
                throw .unequalGroups(
                    path: path, heads: heads, keyValueHeads: groups, group: group)
            }
        }
        let width = hidden ?? description.hiddenSize, all = sizes.heads ?? attention.headCount
        guard !isNarrower || width % all == 0 else {
            throw .indivisible(path: path, hidden: width, heads: all)
        }
        return sizes
    }
}

extension LayerDescription {
    fileprivate func hasSizes(of other: LayerDescription) -> Bool {
        attention.headCount == other.attention.headCount
            && attention.keyValueHeadCount == other.attention.keyValueHeadCount
            && feedForward.innerSize == other.feedForward.innerSize
    }
}
