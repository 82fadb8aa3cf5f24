import Glibc
import RetortFiles

/// Which recipe is being read and where in it: what errors and relative paths depend on.
struct RecipeContext: Sendable {
    /// The recipe's file; nil when it is made by a program.
    let file: String?
    /// The overrides, by the key that they set.
    var overrides: [ExactKey: String] = [:]
    /// The sections around the current one, outermost first.
    var path: [String] = []

    /// The context of a section inside the current one.
    func inside(_ key: String) -> RecipeContext {
        var inner = self
        inner.path.append(key)
        return inner
    }

    /// A key with its sections, as in `optimizer.learning_rate`.
    func name(_ key: String) -> String { (path + [key]).joined(separator: ".") }

    /// Where a key was given.
    func location(of key: String, _ position: YAMLPosition?) -> RecipeLocation {
        var name = ""
        for part in path + [key] {
            name += name.isEmpty ? part : "." + part
            if let override = overrides[ExactKey(name)] { return .override(override) }
        }
        guard let file else { return .value }
        return .file(file, line: position?.line)
    }

    /// A path as the current folder sees it: as it is written if that exists there, else from the
    /// recipe's folder if that exists.
    func resolve(_ written: String) -> String {
        guard let file, !written.hasPrefix("/"), !exists(written),
            let slash = file.lastIndex(of: "/")
        else { return written }
        let beside = String(file[...slash]) + written
        return exists(beside) ? beside : written
    }

    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

extension YAMLNode {
    /// The value as an error message shows it.
    var shown: String {
        switch value {
        case .null: source?.isEmpty ?? false ? "nothing" : "null"
        case .sequence: "a list"
        case .mapping: "a map"
        case .string(let text): "the text \"\(text.printable)\""
        case .bool, .integer, .number: source?.printable ?? YAMLWriter.write(self).dropped("\n")
        }
    }
}

extension String {
    fileprivate func dropped(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
