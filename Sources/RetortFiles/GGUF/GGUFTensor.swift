/// A tensor in a GGUF file: what it is called, its shape, and where its bytes lie.
public struct GGUFTensor: Sendable {
    /// The name, for example `blk.0.attn_q.weight`.
    public let name: String
    /// The dimensions, outermost first (the file stores them innermost first).
    public let dimensions: [Int]
    /// How the values are stored.
    public let type: GGMLType
    /// The file (of a split model: the part) that holds the bytes.
    public let file: MappedFile
    /// Where the bytes begin in that file.
    public let offset: Int
    /// How many bytes there are.
    public let byteCount: Int

    /// Gives the bytes to a closure, which must not keep them.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withBytes(offset..<offset + byteCount, body)
    }
}
