/// A binary heap that gives out its smallest element first.
struct MinimumHeap<Element: Comparable> {
    private var elements: [Element] = []

    /// Creates an empty heap with room for a number of elements.
    init(minimumCapacity: Int) { elements.reserveCapacity(minimumCapacity) }

    /// Puts an element in.
    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the smallest element out.
    mutating func popMinimum() -> Element? {
        guard let top = elements.first, let last = elements.popLast() else { return nil }
        if elements.isEmpty { return top }
        elements[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < elements.count && elements[child] < elements[smallest] {
                smallest = child
            }
            if smallest == parent { return top }
            elements.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
