/// The tokens with a task of their own, by id.
public struct TokenRoles: Sendable, Equatable {
    /// Starts a text ("bos").
    public var bosID: Int?
    /// Ends a text or a turn ("eos").
    public var eosID: Int?
    /// Fills rows to equal length.
    public var paddingID: Int?
    /// Stands for what the vocabulary does not know.
    public var unknownID: Int?

    /// Creates roles that nothing is known of.
    public init() {}
}
