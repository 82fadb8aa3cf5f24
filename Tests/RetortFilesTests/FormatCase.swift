import FoundationEssentials
import RetortFiles
import Testing

/// A good or malformed file, with what it holds or what its refusal must say.
///
/// The list `containers.json` is the part of the shared golden folder `formats` whose files a
/// container reader can judge; see the README there.
struct FormatCase: Sendable, CustomTestStringConvertible {
    let file: String
    let kind: String
    let isValid: Bool
    /// Each entry must be in the message, ignoring case; `a|b` means either.
    let mentions: [String]
    let expected: JSONValue?

    var testDescription: String { file }
    var path: String { fixtures + "/formats/" + file }

    struct NoCases: Error {}

    /// The cases of some kinds.
    static func all(_ kinds: String..., valid: Bool) throws -> [FormatCase] {
        let list = try JSONValue(contentsOf: fixtures + "/formats/containers.json")
        let cases = (list.array ?? []).compactMap { FormatCase($0) }
            .filter { kinds.contains($0.kind) && $0.isValid == valid }
        guard !cases.isEmpty else { throw NoCases() }
        return cases
    }

    private init?(_ value: JSONValue) {
        guard let file = value["file"]?.string, let kind = value["kind"]?.string,
            let isValid = value["valid"]?.bool
        else { return nil }
        self.file = file
        self.kind = kind
        self.isValid = isValid
        mentions = value["must_mention"]?.array?.compactMap(\.string) ?? []
        expected = value["expect"]
    }

    /// Checks that an action refuses the file with one sentence that says what it must.
    func expectRefusal(_ action: () throws -> Void, location: SourceLocation = #_sourceLocation) {
        do {
            try action()
            Issue.record("\(file) is accepted", sourceLocation: location)
        } catch {
            let message = "\(error)"
            #expect(message.contains(path), sourceLocation: location)
            #expect(message.count < 600 && !message.contains("\n"), sourceLocation: location)
            for mention in mentions {
                let isThere = mention.split(separator: "|").contains {
                    message.lowercased().contains($0.lowercased())
                }
                #expect(isThere, "\(mention) in: \(message)", sourceLocation: location)
            }
        }
    }
}

/// The folder of the package.
let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
/// The folder of files that tests read.
let fixtures = package + "/Tests/Fixtures"
/// The folder of all golden files, beside the package; not always there.
let shared = package + "/../shared/goldens"

/// Whether that folder is there.
let hasShared = FileManager.default.fileExists(atPath: shared + "/README.md")

/// The shared golden files whose names end so.
func sharedFiles(_ ending: String) -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: shared)) ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted().map { shared + "/" + $0 }
}

/// A folder that is removed when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        // Damaged files are written by the ten thousand: in memory if possible.
        let memory = "/dev/shm"
        let parent =
            FileManager.default.isWritableFile(atPath: memory)
            ? memory : FileManager.default.temporaryDirectory.path
        path = parent + "/retort-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The names in the folder, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// Writes a file.
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = path + "/" + name
        try rewrite(file, bytes)
        return file
    }
}

/// Writes a file at a path.
func rewrite(_ path: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(filePath: path))
}

/// All bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
}
