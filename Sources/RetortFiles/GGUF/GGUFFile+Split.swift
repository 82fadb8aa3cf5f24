extension GGUFFile {
    /// Reads a file and, if its `split.count` is above 1, the other parts.
    static func gather(_ path: String) throws -> [GGUFPart] {
        let named = try GGUFPart(path)
        guard let count = named.metadata["split.count"]?.integer, count > 1 else { return [named] }
        guard let name = PartName(path), name.count == count else {
            throw GGUFError.badSplit(path: path, problem: .name(count: count))
        }
        var parts: [GGUFPart] = []
        for number in 1...count {
            let part = number == name.number ? named : try sibling(number, of: name, path: path)
            try check(part, "split.no", is: number - 1)
            try check(part, "split.count", is: count)
            parts.append(part)
        }
        let found = parts.reduce(0) { $0 + $1.tensors.count }
        if let announced = parts[0].metadata["split.tensors.count"]?.integer, announced != found {
            let problem = GGUFError.SplitProblem.tensorCount(found: found, announced: announced)
            throw GGUFError.badSplit(path: path, problem: problem)
        }
        return parts
    }

    private static func sibling(
        _ number: Int, of name: PartName, path: String
    ) throws -> GGUFPart {
        do {
            return try GGUFPart(name.path(number))
        } catch FileError.missing(let missing) {
            throw GGUFError.missingPart(path: path, missing: missing)
        }
    }

    private static func check(_ part: GGUFPart, _ key: String, is expected: Int) throws {
        let found = part.metadata[key]?.integer
        if found != expected {
            throw GGUFError.badSplit(
                path: part.file.path,
                problem: .number(key: key, found: found, expected: expected))
        }
    }

    /// A part's number as it stands in file names.
    static func fiveDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }

    /// What the name of a part says: `PREFIX-00002-of-00003.gguf`.
    private struct PartName {
        var prefix: String
        var number: Int
        var count: Int

        init?(_ path: String) {
            let pieces = path.utf8.suffix("-00001-of-00003.gguf".utf8.count)
            let tail = Array(pieces)
            guard tail.count == 20, tail[0] == UInt8(ascii: "-"),
                tail[6...9].elementsEqual("-of-".utf8), tail[15...].elementsEqual(".gguf".utf8),
                let number = Self.number(tail[1...5]), let count = Self.number(tail[10...14]),
                (1...max(count, 1)).contains(number)
            else { return nil }
            self.number = number
            self.count = count
            prefix = String(decoding: path.utf8.dropLast(20), as: UTF8.self)
        }

        private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
            guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        func path(_ number: Int) -> String {
            "\(prefix)-\(fiveDigits(number))-of-\(fiveDigits(count)).gguf"
        }
    }
}
