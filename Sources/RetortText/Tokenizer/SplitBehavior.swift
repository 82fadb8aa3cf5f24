/// What becomes of the matches when a text is cut at them.
enum SplitBehavior: String, Sendable {
    /// They vanish.
    case removed = "Removed"
    /// Each becomes a piece.
    case isolated = "Isolated"
    /// Each joins the piece before it.
    case mergedWithPrevious = "MergedWithPrevious"
    /// Each joins the piece behind it.
    case mergedWithNext = "MergedWithNext"
    /// Neighbouring ones become one piece.
    case contiguous = "Contiguous"
}

/// Collects the pieces of a text while matches and the stretches between them come in.
struct PieceCollector {
    let behavior: SplitBehavior
    /// Whether the stretches between the matches count as matches, and the matches do not.
    let isInverted: Bool
    private(set) var pieces: [Range<Int>] = []
    private var pending: Range<Int>?
    private var previousIsMatch = false

    init(_ behavior: SplitBehavior, isInverted: Bool = false, capacity: Int) {
        self.behavior = behavior
        self.isInverted = isInverted
        pieces.reserveCapacity(capacity)
    }

    /// Takes the next stretch; `isLast` ends the text.
    @inline(__always)
    mutating func add(_ stretch: Range<Int>, isMatch: Bool, isLast: Bool) {
        if behavior == .isolated {
            emit(stretch)
        } else {
            merge(stretch, isMatch: isMatch != isInverted, isLast: isLast)
        }
    }

    private mutating func emit(_ piece: Range<Int>) {
        if !piece.isEmpty { pieces.append(piece) }
    }

    private mutating func merge(_ stretch: Range<Int>, isMatch: Bool, isLast: Bool) {
        let joins =
            switch behavior {
            case .isolated: false
            case .removed: false
            case .contiguous: isMatch == previousIsMatch
            case .mergedWithPrevious: isMatch && !previousIsMatch
            case .mergedWithNext: !isMatch && previousIsMatch
            }
        if behavior == .removed {
            if !isMatch { emit(stretch) }
        } else if joins, let before = pending {
            pending = before.lowerBound..<stretch.upperBound
        } else {
            if let before = pending { emit(before) }
            pending = stretch
        }
        previousIsMatch = isMatch
        if isLast {
            if let before = pending { emit(before) }
            pending = nil
            previousIsMatch = false
        }
    }
}
