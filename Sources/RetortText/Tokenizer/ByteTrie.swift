/// A set of texts with a number each, for finding those that a text starts with.
struct ByteTrie: Sendable {
    /// Node and byte to node.
    private var edges = IntegerTable()
    /// The number at each node; negative where no text ends.
    private var values: [Int32] = [-1]
    /// Which bytes texts start with.
    private var firstBytes = [Bool](repeating: false, count: 256)

    /// Whether there is no text.
    var isEmpty: Bool { values.count == 1 }

    /// Whether some text starts with a byte.
    func startsText(_ byte: UInt8) -> Bool { firstBytes[Int(byte)] }

    /// Adds a text; the first number given for it stays.
    mutating func insert(_ text: some Collection<UInt8>, value: Int) {
        guard let first = text.first else { return }
        firstBytes[Int(first)] = true
        var node: UInt32 = 0
        for byte in text {
            if let edge = edges[node, UInt32(byte)] {
                node = edge.first
            } else {
                let next = UInt32(values.count)
                edges[node, UInt32(byte)] = .init(first: next, second: 0)
                values.append(-1)
                node = next
            }
        }
        if values[Int(node)] < 0 { values[Int(node)] = Int32(truncatingIfNeeded: value) }
    }

    /// Reports length and number of the texts that `text` starts with, shortest first.
    @inline(__always)
    func forEachPrefix(of text: ArraySlice<UInt8>, _ body: (_ length: Int, _ value: Int) -> Void) {
        var node: UInt32 = 0
        var length = 0
        for byte in text {
            guard let edge = edges[node, UInt32(byte)] else { return }
            node = edge.first
            length += 1
            if values[Int(node)] >= 0 { body(length, Int(values[Int(node)])) }
        }
    }

    /// The longest text that `text` starts with.
    func longestPrefix(of text: ArraySlice<UInt8>) -> (length: Int, value: Int)? {
        guard let first = text.first, startsText(first) else { return nil }
        var best: (length: Int, value: Int)?
        forEachPrefix(of: text) { best = ($0, $1) }
        return best
    }
}
