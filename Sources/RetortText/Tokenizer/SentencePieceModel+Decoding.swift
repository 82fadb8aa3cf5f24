extension SentencePieceModel {
    /// The text of ids: marks become spaces, byte tokens bytes, and control tokens nothing.
    ///
    /// The space that the normalizer puts in front is taken away again. A byte that is not part of
    /// UTF-8 becomes U+FFFD on its own; ids beyond the vocabulary vanish.
    func decode(_ ids: [Int]) -> String {
        var text = ""
        var run: [UInt8] = []
        var isAtStart = true
        var sawFirstSpace = false
        for id in ids where types.indices.contains(id) {
            let piece = vocabulary.text(of: id) ?? ""
            if types[id] == .byte, let byte = TokenDecoder.byte(of: piece) {
                run.append(byte)
                continue
            }
            text += Self.text(of: run)
            run.removeAll()
            if sawFirstSpace || !text.isEmpty { isAtStart = false }
            sawFirstSpace = false
            switch types[id] {
            case .control: break
            case .unknown: text += unknownText
            default:
                var scalars = piece.unicodeScalars[...]
                if isAtStart, normalizer.addsSpace || normalizer.removesExtraSpaces,
                    scalars.first == "\u{2581}"
                {
                    scalars.removeFirst()
                    sawFirstSpace = !normalizer.removesExtraSpaces
                }
                for scalar in scalars {
                    text.unicodeScalars.append(scalar == "\u{2581}" ? " " : scalar)
                }
            }
        }
        return text + Self.text(of: run)
    }

    /// Bytes as text, each bad one as U+FFFD.
    private static func text(of bytes: [UInt8]) -> String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
            if let character = String(validating: rest.prefix(length), as: UTF8.self) {
                text += character
                rest = rest.dropFirst(length)
            } else {
                text += "\u{fffd}"
                rest.removeFirst()
            }
        }
        return text
    }
}
