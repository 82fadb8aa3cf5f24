/// A model that knows whole pieces only.
struct WordLevel: Sendable {
    let vocabulary: Vocabulary
    let unknownToken: String
    let unknownID: Int?

    /// Appends the token of a piece; without an unknown token, unknown pieces vanish.
    func encode(_ piece: ArraySlice<UInt8>, into tokens: inout [ModelToken]) {
        guard let id = vocabulary.id(of: piece) ?? unknownID else { return }
        tokens.append(ModelToken(id: Int32(id), length: Int32(piece.count)))
    }
}
