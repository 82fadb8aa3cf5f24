/// Decodes ids as they come and gives out text as soon as its characters are whole.
///
/// The pieces and what ``finish()`` gives join to what ``Tokenizer/decode(_:skipSpecialTokens:)``
/// gives for all ids.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// Bytes of an unfinished character, for tokenizers that decode byte by byte.
    private var bytes: [UInt8] = []
    /// The ids since the last but one piece, for other tokenizers.
    private var ids: [Int] = []
    /// How many of `ids` belong to text that was given out, and that text.
    private var given: (count: Int, text: String) = (0, "")

    /// Text is held back while it ends in an unfinished character, up to so many ids or bytes.
    private static let longestWait = 64

    init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// Takes the next id.
    ///
    /// - Returns: The text that is whole now; nil if there is none yet.
    public mutating func append(_ id: Int) -> String? {
        tokenizer.decoder?.isByteLevel == true ? appendBytes(of: id) : appendText(of: id)
    }

    /// What is left at the end; an unfinished character becomes U+FFFD.
    public mutating func finish() -> String {
        defer {
            bytes = []
            ids = []
            given = (0, "")
        }
        if !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        return newText() ?? ""
    }

    private mutating func appendBytes(of id: Int) -> String? {
        tokenizer.appendBytes(of: id, skipSpecialTokens: skipSpecialTokens, to: &bytes)
        let unfinished = Self.unfinishedCount(bytes)
        let end = bytes.count - unfinished
        guard end > 0, unfinished == 0 || end > Self.longestWait else { return nil }
        let text = String(decoding: bytes[..<end], as: UTF8.self)
        bytes.removeFirst(end)
        return text
    }

    private mutating func appendText(of id: Int) -> String? {
        ids.append(id)
        guard let text = newText(), !text.isEmpty,
            text.unicodeScalars.last != "\u{fffd}" || ids.count - given.count >= Self.longestWait
        else { return nil }
        ids.removeFirst(given.count)
        given = (ids.count, tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens))
        return text
    }

    /// The decoded text of all kept ids without what was given out; nil if it changed meanwhile.
    private func newText() -> String? {
        let text = tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens).utf8
        guard text.count > given.text.utf8.count, text.starts(with: given.text.utf8) else {
            return nil
        }
        return String(decoding: text.dropFirst(given.text.utf8.count), as: UTF8.self)
    }

    /// How many bytes at the end are the start of a character that more bytes could complete.
    static func unfinishedCount(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let lead = bytes[bytes.count - count]
            if lead & 0xc0 == 0x80 { continue }
            let needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1
            guard count < needed, lead <= 0xf4 else { return 0 }
            if count > 1 {
                let second = bytes[bytes.count - count + 1]
                let allowed: ClosedRange<UInt8> =
                    switch lead {
                    case 0xe0: 0xa0...0xbf
                    case 0xed: 0x80...0x9f
                    case 0xf0: 0x90...0xbf
                    case 0xf4: 0x80...0x8f
                    default: 0x80...0xbf
                    }
                if !allowed.contains(second) { return 0 }
            }
            return count
        }
        return 0
    }
}
