/// Reads one YAML document (YAML 1.2 core schema, without tags and merge keys); JSON is YAML.
public struct YAMLParser: ~Copyable {
    private var events: YAMLEvents
    private let maximumDepth: Int
    private let maximumCount: Int
    /// Nodes made so far; an alias counts all the nodes that it stands for.
    private var count = 0
    private var anchors: [ExactKey: Anchor] = [:]

    /// What an anchor names; without a node until it is complete.
    private struct Anchor {
        var node: YAMLNode?
        var count = 0
        var depth = 0
    }

    /// A finished node with how deeply it nests: 1 for a scalar.
    private typealias Composed = (node: YAMLNode, depth: Int)

    /// Parses one whole text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 text, with or without a byte order mark.
    ///   - maximumLength: How many bytes the text may have.
    ///   - maximumDepth: How deeply lists and maps may nest; at most a few hundred.
    ///   - maximumCount: How many values there may be once aliases are resolved.
    /// - Returns: The document's root.
    /// - Throws: ``YAMLError``.
    public static func parse(
        _ bytes: [UInt8], maximumLength: Int = 1 << 20, maximumDepth: Int = 64,
        maximumCount: Int = 100_000
    ) throws(YAMLError) -> YAMLNode {
        let start = YAMLPosition(line: 1, column: 1)
        guard bytes.count <= maximumLength else {
            throw YAMLError(.tooLong(limit: maximumLength), at: start)
        }
        let text = Array(
            bytes.starts(with: YAMLText.byteOrderMark) ? bytes.dropFirst(3) : bytes[...])
        try YAMLText.check(text)
        guard let events = YAMLEvents(YAMLText.joiningSurrogates(text)) else {
            throw YAMLError(.syntax("out of memory"), at: start)
        }
        var parser = YAMLParser(
            events: events, maximumDepth: maximumDepth, maximumCount: maximumCount)
        return try parser.document()
    }

    /// Parses one whole text.
    public static func parse(_ text: String) throws(YAMLError) -> YAMLNode {
        try parse(Array(text.utf8))
    }

    private init(events: consuming YAMLEvents, maximumDepth: Int, maximumCount: Int) {
        self.events = events
        self.maximumDepth = maximumDepth
        self.maximumCount = maximumCount
    }

    private mutating func document() throws(YAMLError) -> YAMLNode {
        _ = try events.next()
        guard case (.documentStart, _) = try events.next() else {
            throw YAMLError(.empty, at: YAMLPosition(line: 1, column: 1))
        }
        let (event, position) = try events.next()
        let root = try node(event, at: position, depth: 0).node
        _ = try events.next()
        let (last, end) = try events.next()
        if case .documentStart = last { throw YAMLError(.secondDocument, at: end) }
        return root
    }

    private mutating func node(
        _ event: YAMLEvent, at position: YAMLPosition, depth: Int
    ) throws(YAMLError) -> Composed {
        guard depth < maximumDepth else {
            throw YAMLError(.tooDeep(limit: maximumDepth), at: position)
        }
        try add(1, at: position)
        let before = count
        switch event {
        case .scalar(let text, let plain, let properties):
            try open(properties, at: position)
            let value = plain ? YAMLScalar.resolve(text) : .string(text)
            let node = YAMLNode(value, at: position, source: text)
            return close((node, 1), properties, since: before)
        case .sequenceStart(let properties):
            try open(properties, at: position)
            let sequence = try sequence(at: position, depth: depth)
            return close(sequence, properties, since: before)
        case .mappingStart(let properties):
            try open(properties, at: position)
            let mapping = try mapping(at: position, depth: depth)
            return close(mapping, properties, since: before)
        case .alias(let name): return try alias(name, at: position, depth: depth)
        case .documentStart, .mark:
            throw YAMLError(.syntax("a value is missing"), at: position)
        }
    }

    private mutating func sequence(
        at position: YAMLPosition, depth: Int
    ) throws(YAMLError) -> Composed {
        var elements: [YAMLNode] = []
        var deepest = 0
        while true {
            let (event, place) = try events.next()
            if case .mark(.sequenceEnd) = event { break }
            let element = try node(event, at: place, depth: depth + 1)
            elements.append(element.node)
            deepest = max(deepest, element.depth)
        }
        return (YAMLNode(.sequence(elements), at: position), deepest + 1)
    }

    private mutating func mapping(
        at position: YAMLPosition, depth: Int
    ) throws(YAMLError) -> Composed {
        var members: [YAMLMember] = []
        var lines: [ExactKey: Int] = [:]
        var deepest = 0
        while true {
            let (event, place) = try events.next()
            if case .mark(.mappingEnd) = event { break }
            let key = try key(event, at: place)
            if let line = lines.updateValue(place.line, forKey: ExactKey(key)) {
                throw YAMLError(.duplicateKey(key, line: line), at: place)
            }
            let (next, nextPlace) = try events.next()
            let value = try node(next, at: nextPlace, depth: depth + 1)
            members.append(YAMLMember(key, at: place, value: value.node))
            deepest = max(deepest, value.depth)
        }
        return (YAMLNode(.mapping(members), at: position), deepest + 1)
    }

    private mutating func key(
        _ event: YAMLEvent, at position: YAMLPosition
    ) throws(YAMLError) -> String {
        guard case .scalar(let text, let plain, let properties) = event, !(plain && text.isEmpty)
        else { throw YAMLError(.keyNotText, at: position) }
        if let tag = properties.tag { throw YAMLError(.tag(tag), at: position) }
        if plain, text == "<<" { throw YAMLError(.mergeKey, at: position) }
        try add(1, at: position)
        if let name = properties.anchor {
            let node = YAMLNode(.string(text), at: position, source: text)
            anchors[ExactKey(name)] = Anchor(node: node, count: 1, depth: 1)
        }
        return text
    }

    private mutating func alias(
        _ name: String, at position: YAMLPosition, depth: Int
    ) throws(YAMLError) -> Composed {
        guard let anchor = anchors[ExactKey(name)] else {
            throw YAMLError(.unknownAlias(name), at: position)
        }
        guard let node = anchor.node else { throw YAMLError(.aliasCycle(name), at: position) }
        guard depth + anchor.depth <= maximumDepth else {
            throw YAMLError(.tooDeep(limit: maximumDepth), at: position)
        }
        try add(anchor.count - 1, at: position)
        return (YAMLNode(node.value, at: position, source: node.source), anchor.depth)
    }

    private mutating func open(
        _ properties: YAMLEvent.Properties, at position: YAMLPosition
    ) throws(YAMLError) {
        if let tag = properties.tag { throw YAMLError(.tag(tag), at: position) }
        if let name = properties.anchor { anchors[ExactKey(name)] = Anchor() }
    }

    private mutating func close(
        _ composed: Composed, _ properties: YAMLEvent.Properties, since before: Int
    ) -> Composed {
        if let name = properties.anchor {
            anchors[ExactKey(name)] = Anchor(
                node: composed.node, count: count - before + 1, depth: composed.depth)
        }
        return composed
    }

    private mutating func add(_ nodes: Int, at position: YAMLPosition) throws(YAMLError) {
        guard nodes <= maximumCount - count else {
            throw YAMLError(.tooMany(limit: maximumCount), at: position)
        }
        count += nodes
    }
}
