/// Cuts a template's source into tokens, as jinja2 does with `trim_blocks` and `lstrip_blocks`.
///
/// The first newline after a tag is dropped, blanks before a tag at the start of its line too;
/// `-` strips all white space on its side, `+` keeps it. One newline at the very end is dropped.
struct TemplateLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private(set) var line = 1
    private var tokens: [TemplateToken] = []
    /// Whether the last tag or text ended with a newline.
    private var atLineStart = true
    private var openBrackets: [TemplateMark] = []

    /// Tokens of a whole template.
    static func tokens(of text: String) throws(PlacedFault) -> [TemplateToken] {
        var lexer = TemplateLexer(text)
        do throws(TemplateFault) {
            if text.utf8.count > TemplateLimits.sourceBytes {
                throw .limit(.sourceBytes(TemplateLimits.sourceBytes))
            }
            try lexer.run()
        } catch {
            throw PlacedFault(line: lexer.line, fault: error)
        }
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        var afterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || !afterReturn {
                scalars.append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    private mutating func run() throws(TemplateFault) {
        while position < source.count { try root() }
        append(.end)
    }

    // MARK: Text

    private mutating func root() throws(TemplateFault) {
        let start = position
        while position < source.count, !isTagStart(position) { position += 1 }
        guard position < source.count else {
            appendData(source[start...])
            return
        }
        let text = source[start..<position]
        if source[position + 1] == "%", let raw = rawBegin() {
            try rawSection(text, begin: raw)
            return
        }
        let opening = source[position + 1]
        appendText(text, stripping: opening != "{")
        position += 2
        if at(position) == "-" || at(position) == "+" { position += 1 }
        atLineStart = false
        switch opening {
        case "#": try comment()
        case "{":
            append(.variableBegin)
            try expression(isBlock: false)
        default:
            append(.blockBegin)
            try expression(isBlock: true)
        }
    }

    private func isTagStart(_ position: Int) -> Bool {
        guard source[position] == "{", position + 1 < source.count else { return false }
        return source[position + 1] == "{" || source[position + 1] == "%"
            || source[position + 1] == "#"
    }

    /// Adds the text before the tag at `position`, stripped as its sign and the options ask.
    private mutating func appendText(_ text: ArraySlice<Unicode.Scalar>, stripping: Bool) {
        var kept = text
        let sign = at(position + 2)
        if sign == "-" {
            while let last = kept.last, last.isPythonSpace { kept.removeLast() }
        } else if sign != "+" && stripping {
            let lineStart = (text.lastIndex(of: "\n").map { $0 + 1 }) ?? text.startIndex
            if lineStart > text.startIndex || atLineStart,
                text[lineStart...].allSatisfy(\.isPythonSpace)
            {
                kept = text[..<lineStart]
            }
        }
        appendData(kept)
        line += text[kept.endIndex...].count { $0 == "\n" }
    }

    private mutating func appendData(_ text: ArraySlice<Unicode.Scalar>) {
        if !text.isEmpty { append(.data(String(text))) }
        line += text.count { $0 == "\n" }
    }

    private mutating func comment() throws(TemplateFault) {
        let start = position
        while position < source.count {
            if at(position) == "#", at(position + 1) == "}" {
                let sign = position > start ? source[position - 1] : " "
                position += 2
                closeTag(sign: sign)
                return
            }
            if source[position] == "\n" { line += 1 }
            position += 1
        }
        throw .unclosed("a comment")
    }

    /// The end of a `{% raw %}` tag that starts at `position`, if one does.
    private func rawBegin() -> Int? {
        var end = position + 2
        if at(end) == "-" || at(end) == "+" { end += 1 }
        guard let name = skip("raw", from: end) else { return nil }
        end = name
        if at(end) == "-", at(end + 1) == "%", at(end + 2) == "}" {
            end += 3
            while let scalar = at(end), scalar.isPythonSpace { end += 1 }
            return end
        }
        return at(end) == "%" && at(end + 1) == "}" ? end + 2 : nil
    }

    /// The position after white space, this word and white space again.
    private func skip(_ word: String, from start: Int) -> Int? {
        var end = start
        while let scalar = at(end), scalar.isPythonSpace { end += 1 }
        for scalar in word.unicodeScalars {
            guard at(end) == scalar else { return nil }
            end += 1
        }
        while let scalar = at(end), scalar.isPythonSpace { end += 1 }
        return end
    }

    private mutating func rawSection(_ text: ArraySlice<Unicode.Scalar>, begin: Int)
        throws(TemplateFault)
    {
        appendText(text, stripping: true)
        line += source[position..<begin].count { $0 == "\n" }
        atLineStart = source[begin - 1] == "\n"
        position = begin
        while position < source.count {
            if at(position) == "{", at(position + 1) == "%", let (end, sign) = rawEnd() {
                appendText(source[begin..<position], stripping: true)
                line += source[position..<end].count { $0 == "\n" }
                position = end
                closeTag(sign: sign)
                return
            }
            position += 1
        }
        throw .unclosed("a raw section")
    }

    /// The end of an `{% endraw %}` tag that starts at `position`, and the scalar before `%}`.
    private func rawEnd() -> (end: Int, sign: Unicode.Scalar)? {
        var end = position + 2
        if at(end) == "-" || at(end) == "+" { end += 1 }
        guard let name = skip("endraw", from: end) else { return nil }
        end = name
        if at(end) == "-" || at(end) == "+" { end += 1 }
        guard at(end) == "%", at(end + 1) == "}" else { return nil }
        return (end + 2, source[end - 1])
    }

    /// Drops what follows a closed tag: all white space after `-`, else one newline unless `+`.
    private mutating func closeTag(sign: Unicode.Scalar) {
        if sign == "-" {
            while let scalar = at(position), scalar.isPythonSpace {
                if scalar == "\n" { line += 1 }
                position += 1
            }
        } else if sign != "+", at(position) == "\n" {
            line += 1
            position += 1
        }
        atLineStart = source[position - 1] == "\n"
    }

    // MARK: Tags

    private mutating func expression(isBlock: Bool) throws(TemplateFault) {
        openBrackets = []
        while position < source.count {
            if openBrackets.isEmpty, tagEnds(isBlock: isBlock) { return }
            try token()
        }
        throw .unclosed(isBlock ? "a {% tag" : "a {{ tag")
    }

    private mutating func tagEnds(isBlock: Bool) -> Bool {
        let closing: Unicode.Scalar = isBlock ? "%" : "}"
        var end = position
        let sign = source[position]
        if sign == "-" || (sign == "+" && isBlock) { end += 1 }
        guard at(end) == closing, at(end + 1) == "}" else { return false }
        append(isBlock ? .blockEnd : .variableEnd)
        position = end + 2
        if isBlock || sign == "-" {
            closeTag(sign: sign)
        } else {
            atLineStart = false
        }
        return true
    }

    private mutating func token() throws(TemplateFault) {
        let scalar = source[position]
        if scalar.isPythonSpace {
            if scalar == "\n" { line += 1 }
            position += 1
        } else if ("0"..."9").contains(scalar) {
            try number()
        } else if scalar == "_" || scalar.properties.isXIDContinue {
            name()
        } else if scalar == "'" || scalar == "\"" {
            try string(quote: scalar)
        } else {
            try mark()
        }
    }

    private mutating func name() {
        let start = position
        while let scalar = at(position), scalar == "_" || scalar.properties.isXIDContinue {
            position += 1
        }
        append(.name(String(source[start..<position])))
    }

    private mutating func string(quote: Unicode.Scalar) throws(TemplateFault) {
        let start = position
        var end = position + 1
        while end < source.count, source[end] != quote { end += source[end] == "\\" ? 2 : 1 }
        guard end < source.count else { throw .unclosed("a string") }
        guard let text = StringLiteral.unescaped(source[(start + 1)..<end]) else {
            throw .badLiteral(String(source[start...end]))
        }
        append(.string(text))
        line += source[start..<end].count { $0 == "\n" }
        position = end + 1
    }

    private mutating func number() throws(TemplateFault) {
        let afterDot = position > 0 && source[position - 1] == "."
        let (end, kind) = try NumberLiteral.scan(source, from: position, wholeOnly: afterDot)
        append(kind)
        position = end
    }

    private mutating func mark() throws(TemplateFault) {
        for length in [2, 1] where position + length <= source.count {
            let text = String(source[position..<(position + length)])
            guard let mark = TemplateMark(rawValue: text) else { continue }
            try balance(mark)
            append(.mark(mark))
            position += length
            return
        }
        throw .unexpectedCharacter(String(source[position...position]))
    }

    private mutating func balance(_ mark: TemplateMark) throws(TemplateFault) {
        switch mark {
        case .leftParenthesis: openBrackets.append(.rightParenthesis)
        case .leftBracket: openBrackets.append(.rightBracket)
        case .leftBrace: openBrackets.append(.rightBrace)
        case .rightParenthesis, .rightBracket, .rightBrace:
            let expected = openBrackets.popLast()
            if expected != mark {
                throw .unexpectedToken(
                    found: "'\(mark.rawValue)'",
                    expected: expected.map { "'\($0.rawValue)'" } ?? "no bracket")
            }
        default: break
        }
    }

    private func at(_ position: Int) -> Unicode.Scalar? {
        position < source.count ? source[position] : nil
    }

    private mutating func append(_ kind: TemplateToken.Kind) {
        tokens.append(TemplateToken(kind: kind, line: line))
    }
}

extension String {
    init(_ scalars: ArraySlice<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }

    init(_ scalars: [Unicode.Scalar]) { self.init(scalars[...]) }

    /// Whether both texts have the same bytes; `==` would follow canonical equivalence.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
