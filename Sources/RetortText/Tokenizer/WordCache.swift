import Synchronization

/// The tokens of short pieces met before, in a table of fixed size.
///
/// A new piece takes the place of an older one with the same hash, so the table never grows.
struct WordCache: Sendable {
    /// A piece of at most fifteen bytes.
    struct Key: Sendable, Equatable {
        fileprivate var low: UInt64 = 0
        /// The last seven bytes, and the length in the top byte, which is never 0.
        fileprivate var high: UInt64

        /// The key of a piece; nil if it is empty or too long to keep.
        @inline(__always)
        init?(_ piece: ArraySlice<UInt8>) {
            guard !piece.isEmpty, piece.count <= 15 else { return nil }
            high = UInt64(piece.count) << 56
            var shift: UInt64 = 0
            for byte in piece {
                if shift < 64 {
                    low |= UInt64(byte) << shift
                } else {
                    high |= UInt64(byte) << (shift - 64)
                }
                shift += 8
            }
        }

        fileprivate init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        fileprivate var slot: Int {
            let product = (low ^ high &* 0x9e37_79b9_7f4a_7c15)
                .multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
            return Int(truncatingIfNeeded: (product.high ^ product.low) >> 7) & (WordCache.size - 1)
        }
    }

    private struct Entry: Sendable {
        var key = Key(low: 0, high: 0)
        var count: UInt8 = 0
        var lengths = SIMD4<UInt8>()
        var ids = SIMD4<Int32>()
    }

    private static let size = 1 << 14
    private static let longestResult = 4
    private var entries = [Entry](repeating: Entry(), count: size)

    /// Appends the tokens of a piece; false if they are not here.
    @inline(__always)
    func append(_ key: Key, to tokens: inout [ModelToken]) -> Bool {
        let entry = entries[key.slot]
        guard entry.key == key else { return false }
        for index in 0..<Int(entry.count) {
            tokens.append(ModelToken(id: entry.ids[index], length: Int32(entry.lengths[index])))
        }
        return true
    }

    /// Keeps the tokens of a piece if they are few.
    mutating func store(_ key: Key, _ tokens: ArraySlice<ModelToken>) {
        guard tokens.count <= Self.longestResult else { return }
        var entry = Entry(key: key, count: UInt8(tokens.count))
        for (index, token) in tokens.enumerated() {
            entry.ids[index] = token.id
            entry.lengths[index] = UInt8(truncatingIfNeeded: token.length)
        }
        entries[key.slot] = entry
    }
}

/// Lends caches to threads that encode at the same time, and keeps them between texts.
final class WordCachePool: Sendable {
    private let idle = Mutex<[WordCache]>([])

    /// Runs `body` with a cache that nobody else uses meanwhile.
    func withCache<E: Error>(_ body: (inout WordCache) throws(E) -> Void) throws(E) {
        var cache = idle.withLock { $0.popLast() } ?? WordCache()
        defer { idle.withLock { $0.append(cache) } }
        try body(&cache)
    }
}
