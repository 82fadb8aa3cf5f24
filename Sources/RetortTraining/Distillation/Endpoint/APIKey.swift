import Glibc
import RetortFiles

/// The key of a service: read from the environment, sent in a header, shown and written nowhere.
struct APIKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let text: String

    /// Keys that are shorter are placeholders such as `none`, found in any text.
    private static let shortestSecret = 8

    /// Reads the key.
    ///
    /// - Parameters:
    ///   - variable: The environment variable.
    ///   - environment: Gives a variable's value.
    /// - Throws: ``EndpointError/noKey(variable:)``, ``EndpointError/badKey(variable:)``.
    init(
        variable: VariableName, environment: (String) -> String?
    ) throws(EndpointError) {
        guard let text = environment(variable.text), !text.isEmpty else {
            throw .noKey(variable: variable.text)
        }
        // Anything else could end the header line and begin another.
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .badKey(variable: variable.text)
        }
        self.text = text
    }

    /// The line that goes with each request.
    var header: String { "Authorization: Bearer \(text)" }

    /// Whether a text holds the key.
    func isPart(of other: String) -> Bool {
        text.utf8.count >= Self.shortestSecret && Array(other.utf8).contains(Array(text.utf8))
    }

    /// A text without the key.
    func redacted(_ other: String) -> String {
        guard isPart(of: other) else { return other }
        var bytes = Array(other.utf8)
        let key = Array(text.utf8)
        while let range = bytes.firstRange(of: key) {
            bytes.replaceSubrange(range, with: "(the key)".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Nothing of the key.
    var description: String { "(a key)" }

    /// Nothing of the key.
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The process's own environment.
    static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
