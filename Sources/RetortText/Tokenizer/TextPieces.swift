/// A text cut into pieces, some of which are tokens already.
struct TextPieces: Sendable {
    /// A stretch of the bytes.
    struct Piece: Sendable {
        var range: Range<Int>
        /// The added token that stands here; negative for text.
        var token: Int32 = Self.text

        static let text: Int32 = -1
        var isText: Bool { token < 0 }
    }

    /// The text as it is now, valid UTF-8.
    private(set) var bytes: [UInt8]
    /// Per byte the input bytes it stands for; nothing while the text is the input itself.
    private(set) var sources: [Range<Int>]?
    private(set) var pieces: [Piece]

    /// A whole input as one piece.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        pieces = bytes.isEmpty ? [] : [Piece(range: bytes.indices)]
    }

    /// The input bytes that a part of a piece stands for, whole characters.
    func source(of range: Range<Int>) -> Range<Int> {
        if range.isEmpty { return sourceStart(of: range)..<sourceStart(of: range) }
        if let sources {
            let start = sources[range.lowerBound].lowerBound
            return start..<max(start, sources[range.upperBound - 1].upperBound)
        }
        var start = range.lowerBound
        while start > 0, bytes[start] & 0xc0 == 0x80 { start -= 1 }
        var end = range.upperBound
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        return start..<end
    }

    /// Where the source of a piece starts.
    func sourceStart(of range: Range<Int>) -> Int {
        guard let sources else { return range.lowerBound }
        return range.lowerBound < sources.count ? sources[range.lowerBound].lowerBound : 0
    }

    /// Cuts every text piece at the matches of a pattern.
    mutating func split(
        at pattern: TextPattern, _ behavior: SplitBehavior, inverted: Bool = false
    ) throws(RegularExpressionError) {
        if pieces.allSatisfy(\.isText) {
            var collector = PieceCollector(
                behavior, isInverted: inverted, capacity: pieces.count + bytes.count / 4)
            try pattern.cut(bytes, pieces.lazy.map(\.range)) { piece, isMatch, isLast in
                collector.add(piece, isMatch: isMatch, isLast: isLast)
            }
            pieces = collector.pieces.map { Piece(range: $0) }
            return
        }
        var result: [Piece] = []
        var run: [Range<Int>] = []
        for piece in pieces + [Piece(range: 0..<0, token: 0)] {
            if piece.isText {
                run.append(piece.range)
                continue
            }
            var collector = PieceCollector(behavior, isInverted: inverted, capacity: run.count)
            try pattern.cut(bytes, run) { piece, isMatch, isLast in
                collector.add(piece, isMatch: isMatch, isLast: isLast)
            }
            result += collector.pieces.map { Piece(range: $0) }
            result.append(piece)
            run.removeAll(keepingCapacity: true)
        }
        result.removeLast()
        pieces = result
    }

    /// Cuts every text piece at the characters of a class.
    mutating func split(
        where isDelimiter: (Unicode.Scalar) -> Bool, _ behavior: SplitBehavior
    ) {
        splitEach { bytes, range, output in
            var collector = PieceCollector(behavior, capacity: 4)
            var done = range.lowerBound
            forEachScalar(in: bytes[range]) { scalar, place in
                guard isDelimiter(scalar) else { return }
                if done < place.lowerBound {
                    collector.add(done..<place.lowerBound, isMatch: false, isLast: false)
                }
                done = place.upperBound
                collector.add(place, isMatch: true, isLast: done == range.upperBound)
            }
            if done < range.upperBound {
                collector.add(done..<range.upperBound, isMatch: false, isLast: true)
            }
            for piece in collector.pieces { output.append(Piece(range: piece)) }
        }
    }

    /// Replaces every text piece by those that `body` appends for it.
    mutating func splitEach(
        _ body: (_ bytes: [UInt8], _ range: Range<Int>, _ output: inout [Piece]) -> Void
    ) {
        var result: [Piece] = []
        result.reserveCapacity(pieces.count)
        for piece in pieces {
            if piece.isText {
                body(bytes, piece.range, &result)
            } else {
                result.append(piece)
            }
        }
        pieces = result
    }

    /// Rewrites every text piece; pieces that become empty vanish.
    mutating func rewrite<E: Error>(_ body: (inout AlignedText) throws(E) -> Void) throws(E) {
        var newBytes: [UInt8] = []
        var newSources: [Range<Int>] = []
        var newPieces: [Piece] = []
        newBytes.reserveCapacity(bytes.count)
        newSources.reserveCapacity(bytes.count)
        newPieces.reserveCapacity(pieces.count)
        for piece in pieces {
            var text = aligned(piece.range)
            if piece.isText { try body(&text) }
            if text.bytes.isEmpty { continue }
            let start = newBytes.count
            newBytes += text.bytes
            newSources += text.sources
            newPieces.append(Piece(range: start..<newBytes.count, token: piece.token))
        }
        bytes = newBytes
        sources = newSources
        pieces = newPieces
    }

    private func aligned(_ range: Range<Int>) -> AlignedText {
        if let sources { return AlignedText(bytes: bytes[range], sources: sources[range]) }
        return AlignedText(plain: bytes[range], origin: range.lowerBound)
    }
}
