import Foundation
import RetortFiles
import Testing

@testable import RetortText

/// The recorded results of a peer library on one tokenizer.
struct TokenizerGolden: CustomTestStringConvertible, Sendable {
    let folder: URL
    var testDescription: String { folder.lastPathComponent }

    /// The cases kept in this repository.
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/tokenizers")
    /// The folders of all cases, outside the repository.
    static let shared = ["tokenizers", "more/tokenizers"].map {
        fixtures.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "shared/goldens/\($0)")
    }
    static var hasShared: Bool { FileManager.default.fileExists(atPath: shared[0].path) }

    /// The cases below some folders that hold a file of a name.
    static func cases(in roots: [URL], with file: String) -> [TokenizerGolden] {
        roots.flatMap { root in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
            return names.sorted().map { TokenizerGolden(folder: root.appending(path: $0)) }
        }.filter { FileManager.default.fileExists(atPath: $0.path(file)) }
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The objects of a file with one a line.
    func lines(_ name: String) throws -> [JSONValue] {
        try Data(contentsOf: folder.appending(path: name)).split(separator: 0x0a)
            .map { try JSONParser.parse(Array($0)) }
    }

    /// Holds a tokenizer against all recorded results; gives their number.
    @discardableResult
    func compare(_ tokenizer: Tokenizer, decodesWithoutSpecial: Bool = false) throws -> Int {
        var count = 0
        for row in try lines("cases.jsonl") {
            let name = row["name"]?.string ?? ""
            let text = try #require(row["text"]?.string)
            let ids = try #require(row["ids"]?.integers)
            count += 1
            if let pair = row["pair"]?.string {
                let found = try tokenizer.encodePair(text, pair)
                #expect(found.map(\.id) == ids, "\(name)")
                #expect(found.map(\.type) == row["type_ids"]?.integers, "\(name) types")
                continue
            }
            let bare = row["ids_no_special"]?.integers ?? ids
            let found = try tokenizer.encodeWithOffsets(text, addSpecialTokens: true)
            #expect(found.map(\.id) == ids, "\(name)")
            #expect(try tokenizer.encode(text, addSpecialTokens: false) == bare, "\(name) bare")
            let decoded = tokenizer.decode(decodesWithoutSpecial ? bare : ids)
            #expect(sameBytes(decoded, row["decoded"]?.string), "\(name) decoded")
            if let skipped = row["decoded_skip_special"]?.string {
                let decoded = tokenizer.decode(ids, skipSpecialTokens: true)
                #expect(sameBytes(decoded, skipped), "\(name) decoded without special tokens")
            }
            if let offsets = row["offsets"]?.array {
                let wanted = offsets.map { $0.integers ?? [] }
                #expect(
                    found.map { scalars($0.bytes, of: text) } == wanted, "\(name) offsets")
            }
        }
        for row in try lines("decode.jsonl") {
            count += 1
            try compareDecoding(row, tokenizer)
        }
        return count
    }

    private func compareDecoding(_ row: JSONValue, _ tokenizer: Tokenizer) throws {
        let ids = try #require(row["ids"]?.integers)
        let wanted = try #require(row["decoded"]?.string)
        #expect(sameBytes(tokenizer.decode(ids), wanted), "decoding of \(ids)")
        var decoder = tokenizer.makeStreamingDecoder()
        var pieces = ids.map { decoder.append($0) }
        let rest = decoder.finish()
        if let expected = row["pieces"]?.array, !wanted.unicodeScalars.contains("\u{fffd}") {
            #expect(pieces == expected.map(\.string) && rest.isEmpty, "pieces of \(ids)")
        } else if row["pieces"] != nil || tokenizer.decoder?.isByteLevel == true {
            pieces.append(rest)
            #expect(
                sameBytes(pieces.compactMap { $0 }.joined(), wanted), "joined pieces of \(ids)")
        }
    }

    /// A byte range as a range of scalars.
    private func scalars(_ range: Range<Int>, of text: String) -> [Int] {
        let bytes = Array(text.utf8)
        func count(_ end: Int) -> Int { bytes[..<end].count { $0 & 0xc0 != 0x80 } }
        return [count(range.lowerBound), count(range.upperBound)]
    }

    private func sameBytes(_ left: String, _ right: String?) -> Bool {
        right.map { left.utf8.elementsEqual($0.utf8) } ?? false
    }
}

extension JSONValue {
    /// The whole numbers of a list.
    var integers: [Int]? { array?.compactMap(\.integer) }
}
