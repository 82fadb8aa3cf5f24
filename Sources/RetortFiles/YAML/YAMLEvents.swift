import CYAML

/// One step of a YAML text.
enum YAMLEvent {
    case scalar(String, plain: Bool, properties: Properties)
    case alias(String)
    case sequenceStart(Properties)
    case mappingStart(Properties)
    case documentStart
    /// The end of a list, a map, a document or the stream, or the stream's start.
    case mark(Mark)

    enum Mark { case streamStart, streamEnd, documentEnd, sequenceEnd, mappingEnd }

    /// What may stand before a node.
    struct Properties {
        let anchor: String?
        let tag: String?
    }
}

/// Reads a text event by event with libyaml, whose parser and input it owns.
@safe struct YAMLEvents: ~Copyable {
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// The lists and maps that have begun and not ended.
    private var open: [(isMap: Bool, position: YAMLPosition)] = []

    /// Begins to read; nil when there is no memory for it.
    ///
    /// - Parameter bytes: UTF-8 text.
    init?(_ bytes: [UInt8]) {
        unsafe input = .allocate(capacity: max(1, bytes.count))
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            unsafe input.deallocate()
            return nil
        }
        _ = unsafe input.initialize(from: bytes)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event and where it begins.
    mutating func next() throws(YAMLError) -> (YAMLEvent, YAMLPosition) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        let position = unsafe position(event.start_mark)
        let translated = unsafe translated(event)
        switch translated {
        case .sequenceStart: open.append((false, position))
        case .mappingStart: open.append((true, position))
        case .mark(.sequenceEnd), .mark(.mappingEnd): _ = open.popLast()
        default: break
        }
        return (translated, position)
    }

    private func translated(_ event: yaml_event_t) -> YAMLEvent {
        switch unsafe event.type {
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .scalar(
                String(decoding: text, as: UTF8.self),
                plain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                properties: .init(anchor: string(scalar.anchor), tag: string(scalar.tag)))
        case YAML_ALIAS_EVENT: return unsafe .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe .sequenceStart(
                .init(anchor: string(start.anchor), tag: string(start.tag)))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe .mappingStart(
                .init(anchor: string(start.anchor), tag: string(start.tag)))
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .mark(.documentEnd)
        case YAML_SEQUENCE_END_EVENT: return .mark(.sequenceEnd)
        case YAML_MAPPING_END_EVENT: return .mark(.mappingEnd)
        case YAML_STREAM_START_EVENT: return .mark(.streamStart)
        default: return .mark(.streamEnd)
        }
    }

    private func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    private func position(_ mark: yaml_mark_t) -> YAMLPosition {
        YAMLPosition(
            line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    /// What the parser complains about, in words for a person.
    private func failure() -> YAMLError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? ""
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) } ?? ""
        let begin = unsafe position(parser.pointee.context_mark)
        let end = unsafe position(parser.pointee.problem_mark)
        switch (context, problem) {
        case ("while scanning a simple key", _): return YAMLError(.missingColon, at: begin)
        case ("while parsing a flow sequence", _): return YAMLError(.openList, at: begin)
        case ("while parsing a flow mapping", _): return YAMLError(.openMap, at: begin)
        case ("while parsing a flow node", _):
            guard let inner = open.last else { return YAMLError(.syntax(problem), at: end) }
            return YAMLError(inner.isMap ? .openMap : .openList, at: inner.position)
        case ("while scanning an alias", _), ("while scanning an anchor", _):
            return YAMLError(.character, at: begin)
        case ("while scanning a quoted scalar", _): return YAMLError(.openQuote, at: begin)
        case ("while parsing a quoted scalar", _): return YAMLError(.escape, at: end)
        case (_, "found character that cannot start any token"):
            return YAMLError(isIndentedByTab(end) ? .tab : .character, at: end)
        case (_, let problem) where problem.hasPrefix("found a tab character"):
            return YAMLError(.tab, at: end)
        case (_, "mapping values are not allowed in this context"):
            return YAMLError(.unexpectedColon, at: end)
        case ("while parsing a block mapping", _), ("while parsing a block collection", _),
            (_, "block sequence entries are not allowed in this context"),
            (_, "mapping keys are not allowed in this context"):
            return YAMLError(.indentation, at: end)
        default: return YAMLError(.syntax(problem), at: end)
        }
    }

    /// Whether only white space, a tab in it, stands before or at a place.
    private func isIndentedByTab(_ place: YAMLPosition) -> Bool {
        let text = unsafe String(decoding: input, as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(place.line - 1) else { return false }
        let before = lines[place.line - 1].unicodeScalars.prefix(place.column)
        return before.contains("\t") && before.allSatisfy { $0 == " " || $0 == "\t" }
    }
}
