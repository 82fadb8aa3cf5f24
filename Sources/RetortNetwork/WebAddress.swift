/// The address of a service: `http` or `https`, a host, perhaps a port and a path.
///
/// Names, passwords and queries are not part of it, since they may hold secrets and addresses are
/// written into files.
package struct WebAddress: Sendable, Equatable, CustomStringConvertible {
    /// The address without a slash at its end.
    package let description: String
    /// Where the host stands, without brackets.
    package let host: String
    /// Whether what is sent is encrypted.
    package let isEncrypted: Bool

    /// Why a text is no such address.
    package enum Fault: Error, Equatable {
        /// The scheme is missing or another one.
        case scheme
        /// A name or a password stands before the host.
        case credentials
        /// There is no host, or it is malformed.
        case host
        /// The port is not a number from 1 to 65535.
        case port
        /// It has a query or a fragment.
        case query
        /// It holds spaces, controls or characters beyond ASCII, or is too long.
        case characters
    }

    /// Reads an address.
    ///
    /// - Parameter text: As in `http://127.0.0.1:8080/v1`.
    /// - Throws: ``Fault``; it does not repeat the text, which may hold a secret.
    package init(_ text: String) throws(Fault) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 2048, bytes.allSatisfy({ (0x21...0x7e).contains($0) }),
            !bytes.contains(where: { Array("\\\"<>^`{|}".utf8).contains($0) })
        else { throw .characters }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        let rest = bytes.dropFirst(scheme.utf8.count)
        guard scheme == "http" || scheme == "https", rest.starts(with: "://".utf8) else {
            throw .scheme
        }
        let body = rest.dropFirst(3)
        let authority = body.prefix { !Array("/?#".utf8).contains($0) }
        guard !authority.contains(UInt8(ascii: "@")) else { throw .credentials }
        var path = body.dropFirst(authority.count)
        guard !path.contains(UInt8(ascii: "?")), !path.contains(UInt8(ascii: "#")) else {
            throw .query
        }
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        host = try Self.host(of: authority)
        isEncrypted = scheme == "https"
        description =
            scheme + "://" + String(decoding: authority, as: UTF8.self)
            + String(decoding: path, as: UTF8.self)
    }

    /// Whether the host is this machine, so that nothing leaves it.
    package var isLoopback: Bool {
        let name = host.lowercased()
        return name == "localhost" || name == "::1" || name.hasSuffix(".localhost")
            || (name.hasPrefix("127.") && name.utf8.allSatisfy(Self.isDigitOrDot))
    }

    /// The host of `host`, `host:port`, `[address]` or `[address]:port`.
    private static func host(of authority: ArraySlice<UInt8>) throws(Fault) -> String {
        var name = authority
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
            name = authority[authority.startIndex + 1..<end]
            try checkPort(authority[(end + 1)...])
            guard !name.isEmpty, name.allSatisfy(isAddressDigit) else { throw .host }
        } else {
            name = authority.prefix { $0 != UInt8(ascii: ":") }
            try checkPort(authority.dropFirst(name.count))
            guard !name.isEmpty, name.allSatisfy(isNameCharacter) else { throw .host }
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func checkPort(_ text: ArraySlice<UInt8>) throws(Fault) {
        if text.isEmpty { return }
        let digits = String(decoding: text.dropFirst(), as: UTF8.self)
        guard text.first == UInt8(ascii: ":"), let port = UInt16(digits), port > 0,
            digits.first != "+"
        else { throw .port }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        isDigitOrDot(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isAddressDigit(_ byte: UInt8) -> Bool {
        isDigitOrDot(byte) || byte == UInt8(ascii: ":")
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func isDigitOrDot(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
    }
}
