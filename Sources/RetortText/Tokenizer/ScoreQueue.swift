/// Merges neighbouring stretches of a text while their union is a piece, highest score first.
struct ScoreQueue {
    private struct Node {
        var range: Range<Int>
        var isFixed: Bool
        var previous: Int
        var next: Int
    }

    private struct Candidate: Comparable {
        var score: Float
        var left: Int
        var right: Int
        var size: Int

        static func < (left: Self, right: Self) -> Bool {
            left.score != right.score ? left.score > right.score : left.left < right.left
        }
    }

    private var nodes: [Node]
    private var heap: MinimumHeap<Candidate>
    private let piece: (Range<Int>) -> (score: Float, isUnused: Bool)?
    /// Where pieces that are not to be given out were merged.
    private(set) var unusedMerges: [Range<Int>: Int] = [:]

    /// Starts with the symbols of a text; fixed ones are not merged.
    ///
    /// - Parameters:
    ///   - symbols: Where they are.
    ///   - piece: The score of a stretch that is a piece.
    init(
        _ symbols: [(range: Range<Int>, isFixed: Bool)],
        piece: @escaping (Range<Int>) -> (score: Float, isUnused: Bool)?
    ) {
        self.piece = piece
        heap = MinimumHeap(minimumCapacity: symbols.count)
        nodes = symbols.enumerated().map { index, symbol in
            Node(
                range: symbol.range, isFixed: symbol.isFixed, previous: index - 1,
                next: index + 1 < symbols.count ? index + 1 : -1)
        }
        for index in nodes.indices { offer(index, nodes[index].next) }
    }

    /// The stretches that are left, in order.
    var ranges: [Range<Int>] { nodes.map(\.range).filter { !$0.isEmpty } }

    /// Merges until nothing is left to merge.
    mutating func run() {
        while let candidate = heap.popMinimum() {
            let (left, right) = (nodes[candidate.left].range, nodes[candidate.right].range)
            guard !left.isEmpty, !right.isEmpty, left.count + right.count == candidate.size else {
                continue
            }
            nodes[candidate.left].range = left.lowerBound..<right.upperBound
            nodes[candidate.right].range = right.upperBound..<right.upperBound
            let next = nodes[candidate.right].next
            nodes[candidate.left].next = next
            if next >= 0 { nodes[next].previous = candidate.left }
            offer(nodes[candidate.left].previous, candidate.left)
            offer(candidate.left, next)
        }
    }

    private mutating func offer(_ left: Int, _ right: Int) {
        guard left >= 0, right >= 0, !nodes[left].isFixed, !nodes[right].isFixed else { return }
        let range = nodes[left].range.lowerBound..<nodes[right].range.upperBound
        guard let found = piece(range) else { return }
        if found.isUnused { unusedMerges[range] = nodes[left].range.upperBound }
        heap.insert(
            Candidate(score: found.score, left: left, right: right, size: range.count))
    }
}
