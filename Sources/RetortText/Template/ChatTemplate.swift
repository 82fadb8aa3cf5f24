import RetortFiles

/// A chat template: jinja2's language in a sandbox, as transformers configures it.
///
/// The options are `trim_blocks`, `lstrip_blocks`, loop controls and `{% generation %}`; nothing
/// can be changed but namespaces, names that begin with two underscores are hidden, and all work
/// is bounded by ``TemplateLimits``. A template is parsed once and rendered many times.
/// Source: jinja2 3.1.6 and its documentation; transformers 5.23.
public struct ChatTemplate: Sendable {
    /// The name that errors show.
    public let name: String
    /// The template's source.
    public let source: String
    /// Whether the template itself marks what the assistant writes, with `{% generation %}`.
    public var marksAssistant: Bool { statements.contains(where: \.marksGeneration) }
    private let statements: [Statement]
    private let symbols: [String]

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - source: The text; every newline counts.
    ///   - name: What errors call it, for instance the file's name.
    /// - Throws: ``TemplateError``.
    public init(_ source: String, name: String = "template") throws(TemplateError) {
        self.name = name
        self.source = source
        do throws(PlacedFault) {
            (statements, symbols) = try Self.parse(source)
        } catch {
            throw TemplateError(template: name, line: error.line, fault: error.fault)
        }
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - variables: `messages`, `tools`, `add_generation_prompt`, `bos_token` and whatever else
    ///     the template reads; a name that is left out is undefined there.
    ///   - clock: What `strftime_now` shows.
    ///   - limits: Bounds of the work.
    /// - Returns: The text, and the spans of `{% generation %}`.
    /// - Throws: ``TemplateError``; a message of `raise_exception` is kept whole.
    public func render(
        _ variables: JSONObject, clock: TemplateClock = .now, limits: TemplateLimits = .standard
    ) throws(TemplateError) -> RenderedText {
        do throws(PlacedFault) {
            return try renderOnAnyStack(variables, clock, limits)
        } catch {
            throw TemplateError(template: name, line: error.line, fault: error.fault)
        }
    }

    private static func parse(_ source: String) throws(PlacedFault) -> ([Statement], [String]) {
        do throws(PlacedFault) {
            return try TemplateParser.parse(source, maximumDepth: TemplateLimits.shallowSyntaxDepth)
        } catch {
            guard error.fault == .limit(.depth(TemplateLimits.shallowSyntaxDepth)) else {
                throw error
            }
            return try DeepStack.run { () throws(PlacedFault) in
                try TemplateParser.parse(source, maximumDepth: TemplateLimits.syntaxDepth)
            }
        }
    }

    /// Renders on this thread's stack, and once more on a larger one if that was too small.
    private func renderOnAnyStack(
        _ variables: JSONObject, _ clock: TemplateClock, _ limits: TemplateLimits
    ) throws(PlacedFault) -> RenderedText {
        var shallow = limits
        shallow.depth = min(limits.depth, DeepStack.shallowDepth)
        do throws(PlacedFault) {
            return try renderOnce(variables, clock, shallow)
        } catch {
            guard limits.depth > shallow.depth, error.fault == .limit(.depth(shallow.depth)) else {
                throw error
            }
            return try DeepStack.run { () throws(PlacedFault) in
                try renderOnce(variables, clock, limits)
            }
        }
    }

    private func renderOnce(
        _ variables: JSONObject, _ clock: TemplateClock, _ limits: TemplateLimits
    ) throws(PlacedFault) -> RenderedText {
        let renderer = Renderer(symbols: symbols, budget: Budget(limits), clock: clock)
        do throws(TemplateFault) {
            try renderer.run(statements, variables)
            return renderer.result
        } catch {
            throw PlacedFault(line: renderer.line, fault: error)
        }
    }
}
