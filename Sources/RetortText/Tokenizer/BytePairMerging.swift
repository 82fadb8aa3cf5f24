/// The merging of byte pair encoding: always the pair of lowest rank, of equal ones the leftmost.
enum BytePairMerging {
    /// Up to this many symbols, looking at all pairs each time is faster than a heap.
    private static let scanLimit = 48

    /// Merges symbols in place until no pair is in the table.
    static func merge(_ symbols: inout [ModelToken], by merges: IntegerTable) {
        if symbols.count < 2 { return }
        if symbols.count <= scanLimit {
            scan(&symbols, by: merges)
        } else {
            var queue = MergeQueue(symbols, merges)
            queue.run()
            symbols = queue.result
        }
    }

    private static func scan(_ symbols: inout [ModelToken], by merges: IntegerTable) {
        let none = IntegerTable.Value(first: .max, second: 0)
        func found(_ left: ModelToken, _ right: ModelToken) -> IntegerTable.Value {
            merges[UInt32(bitPattern: left.id), UInt32(bitPattern: right.id)] ?? none
        }
        // pairs[i] is what symbols i and i + 1 become, with its rank.
        var pairs: [IntegerTable.Value] = []
        pairs.reserveCapacity(symbols.count)
        for index in 1..<symbols.count { pairs.append(found(symbols[index - 1], symbols[index])) }
        while true {
            var best = none
            var place = 0
            for index in pairs.indices where pairs[index].first < best.first {
                best = pairs[index]
                place = index
            }
            if best.first == .max { return }
            symbols[place].id = Int32(bitPattern: best.second)
            symbols[place].length += symbols[place + 1].length
            symbols.remove(at: place + 1)
            pairs.remove(at: place)
            if place > 0 { pairs[place - 1] = found(symbols[place - 1], symbols[place]) }
            if place < pairs.count { pairs[place] = found(symbols[place], symbols[place + 1]) }
        }
    }
}

/// Merging of long pieces with a heap of candidates over a linked list: n log n steps.
private struct MergeQueue {
    private struct Node {
        var token: ModelToken
        var previous: Int
        var next: Int
        var isAlive = true
    }

    /// A pair that could be merged when it was put in; it may have changed since.
    private struct Candidate: Comparable {
        var rank: UInt32
        var position: Int
        var result: UInt32

        static func < (left: Self, right: Self) -> Bool {
            (left.rank, left.position) < (right.rank, right.position)
        }
    }

    private var nodes: [Node]
    private var heap: MinimumHeap<Candidate>
    private let merges: IntegerTable

    init(_ symbols: [ModelToken], _ merges: IntegerTable) {
        self.merges = merges
        heap = MinimumHeap(minimumCapacity: symbols.count)
        nodes = symbols.enumerated().map {
            Node(token: $1, previous: $0 - 1, next: $0 + 1 < symbols.count ? $0 + 1 : -1)
        }
        for index in nodes.indices { offer(index) }
    }

    /// The symbols that are left.
    var result: [ModelToken] { nodes.filter(\.isAlive).map(\.token) }

    mutating func run() {
        while let candidate = heap.popMinimum() {
            let position = candidate.position
            guard nodes[position].isAlive, nodes[position].next >= 0,
                let current = pair(at: position), current.first == candidate.rank,
                current.second == candidate.result
            else { continue }
            let right = nodes[position].next
            nodes[position].token.id = Int32(bitPattern: candidate.result)
            nodes[position].token.length += nodes[right].token.length
            nodes[position].next = nodes[right].next
            nodes[right].isAlive = false
            if nodes[right].next >= 0 { nodes[nodes[right].next].previous = position }
            if nodes[position].previous >= 0 { offer(nodes[position].previous) }
            offer(position)
        }
    }

    private func pair(at position: Int) -> IntegerTable.Value? {
        let next = nodes[position].next
        guard next >= 0 else { return nil }
        return merges[
            UInt32(bitPattern: nodes[position].token.id), UInt32(bitPattern: nodes[next].token.id)]
    }

    private mutating func offer(_ position: Int) {
        guard let pair = pair(at: position) else { return }
        heap.insert(Candidate(rank: pair.first, position: position, result: pair.second))
    }
}
