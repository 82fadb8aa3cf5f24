/// What a template rendered.
public struct RenderedText: Sendable, Equatable {
    /// The place of a text that `{% generation %}` marks, in the whole output.
    public struct Span: Sendable, Equatable {
        /// In Unicode scalars, as transformers counts.
        public let scalars: Range<Int>
        /// In bytes of UTF-8.
        public let bytes: Range<Int>
    }

    /// The output.
    public let text: String
    /// What the assistant wrote, where the template marks it; in order of the template's run.
    public let spans: [Span]
    /// Whether a mark stood inside a macro or another collected text.
    ///
    /// The span of such a mark counts from where that text is inserted, as in transformers, and
    /// is not the place of the marked text.
    public let hasHiddenSpans: Bool
}
