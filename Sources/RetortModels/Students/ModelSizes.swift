/// Sizes of a model that is not trained yet, in the words of `config.json`; nil leaves those of the
/// configuration that it is made from.
public struct ModelSizes: Sendable, Equatable {
    /// `num_hidden_layers`.
    public var layerCount: Int?
    /// `hidden_size`.
    public var hiddenSize: Int?
    /// `intermediate_size`.
    public var innerSize: Int?
    /// `num_attention_heads`.
    public var headCount: Int?
    /// `num_key_value_heads`.
    public var keyValueHeadCount: Int?
    /// `head_dim`; where it is left out and the width or the heads are given, their quotient.
    public var headSize: Int?

    /// Changes nothing.
    public init() {}

    /// The keys that are given; nil for one that no longer holds.
    var changes: [String: Int?] {
        var changes: [String: Int?] = [:]
        func set(_ key: ModelConfiguration.Key, _ size: Int?) {
            if let size { changes.updateValue(size, forKey: key.huggingFace) }
        }
        if hiddenSize != nil || headCount != nil {
            changes.updateValue(nil, forKey: ModelConfiguration.Key.headSize.huggingFace)
        }
        set(.layerCount, layerCount)
        set(.hiddenSize, hiddenSize)
        set(.innerSize, innerSize)
        set(.headCount, headCount)
        set(.keyValueHeadCount, keyValueHeadCount)
        set(.headSize, headSize)
        return changes
    }
}
