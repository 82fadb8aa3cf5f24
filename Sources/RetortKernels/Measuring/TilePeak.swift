extension Kernels {
    /// The speed of the inner kernel's loop on operands that stay in the first-level cache: what
    /// whole products are measured by.
    ///
    /// Every thread runs tiles of a short and of a long reduction; what the longer one does more in the
    /// time that it takes longer is the loop alone, without a tile's beginning and end. The best of
    /// many runs of about a millisecond are taken, so that other work disturbs them little.
    ///
    /// - Parameters:
    ///   - type: What it multiplies.
    ///   - seconds: How long to try.
    /// - Returns: Operations per second of all threads, two for each multiplication with its addition.
    public func tilePeak(_ type: ElementType, seconds: Double = 0.3) -> Double {
        // Panel, rows and result of the longer one: 27 KiB.
        let (short, long) = (32, 112)
        let operands = (0..<threads.count).map { _ in TileOperands(words: long, type) }
        let parts = 4 * threads.count
        func run(_ words: Int, _ sweeps: Int) -> Double {
            ContinuousClock().measure {
                // A few parts for each thread, as chance may give one thread more than another.
                threads.run(parts) { [level] _, thread in
                    for _ in 0..<sweeps { operands[thread].sweep(level, words) }
                }
            } / .seconds(1)
        }
        var sweeps = 1
        while run(long, sweeps) < 1e-3, sweeps < 1 << 24 { sweeps *= 2 }
        var best = (short: Double.infinity, long: Double.infinity), spent = 0.0
        // The longer one is 3.5 times the work: less than 1.5 times the time is a disturbed reading.
        while spent < seconds || best.long < 1.5 * best.short && spent < 50 * seconds {
            let (one, other) = (run(short, sweeps), run(long, sweeps))
            best = (min(best.short, one), min(best.long, other))
            spent += one + other
        }
        let operations = TileOperands.operations(ofWords: long - short, type)
        return operations * Double(parts * sweeps) / max(best.long - best.short, 1e-9)
    }
}

/// What one thread's tile multiplies.
private final class TileOperands {
    private static let height = 8, vectors = 3, width = 48
    private let rows, panel, sums: DrawnRows

    init(words: Int, _ type: ElementType) {
        let perWord = 4 / type.bytes
        rows = DrawnRows(Self.height, words * perWord, type)
        panel = DrawnRows(words, Self.width * perWord, type)
        sums = DrawnRows(Self.height, Self.width, .float32, isEmpty: true)
    }

    /// Operations of a tile of so many words.
    static func operations(ofWords words: Int, _ type: ElementType) -> Double {
        2 * Double(height * width * words * (4 / type.bytes))
    }

    func sweep(_ level: KernelLevel, _ words: Int) {
        level.sweep(
            rows.rows.type == .bfloat16, Self.vectors, rows.rows.base, rows.rows.byteStride, words,
            nil, 0, 0, Self.height, panel.rows.base, sums.rows.base, Self.width, Self.width, 0)
    }
}
