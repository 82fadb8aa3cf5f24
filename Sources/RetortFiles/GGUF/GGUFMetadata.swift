/// The keys of a GGUF file with their values, in the order of the file.
public struct GGUFMetadata: Sendable {
    /// The keys and values, in order.
    public private(set) var entries: [(key: String, value: GGUFValue)] = []
    private var positions: [ExactKey: Int] = [:]

    /// Creates metadata without keys.
    public init() {}

    /// The value of a key; setting a new key appends it, setting nil removes it.
    public subscript(key: String) -> GGUFValue? {
        get { positions[ExactKey(key)].map { entries[$0].value } }
        set {
            if let position = positions[ExactKey(key)] {
                if let newValue {
                    entries[position].value = newValue
                } else {
                    entries.remove(at: position)
                    positions = [:]
                    for (index, entry) in entries.enumerated() {
                        positions[ExactKey(entry.key)] = index
                    }
                }
            } else if let newValue {
                append(key, newValue)
            }
        }
    }

    /// Adds a key at the end.
    ///
    /// - Returns: Whether it was new.
    @discardableResult
    mutating func append(_ key: String, _ value: GGUFValue) -> Bool {
        guard positions.updateValue(entries.count, forKey: ExactKey(key)) == nil else {
            return false
        }
        entries.append((key, value))
        return true
    }

    /// What tensor data are aligned to.
    func alignment(path: String) throws(GGUFError) -> Int {
        guard let value = self["general.alignment"] else { return GGUFFile.defaultAlignment }
        guard case .uint32(let number) = value, number >= 8, number.nonzeroBitCount == 1,
            number <= GGUFFile.largestAlignment
        else {
            let shown = value.integer.map(String.init) ?? "of type \(value.kind)"
            throw .badAlignment(path: path, value: shown)
        }
        return Int(number)
    }
}
