/// A hash table from pairs of small numbers to pairs of small numbers, made for looking up.
///
/// Open addressing with linear steps, at most half full. The hash is keyed per process, so that
/// no file can be written whose keys all collide.
struct IntegerTable: Sendable {
    /// What a key leads to.
    struct Value: Sendable, Equatable {
        var first: UInt32
        var second: UInt32
    }

    private struct Slot: Sendable {
        var key: UInt64
        var value: Value
    }

    private var slots: [Slot]
    private var mask: Int
    private(set) var count = 0
    private static let empty = UInt64.max
    private static let seed = UInt64.random(in: .min ... .max) | 1

    /// Creates an empty table with room for a number of entries.
    init(minimumCapacity: Int = 8) {
        var size = 16
        while size < minimumCapacity * 2 { size *= 2 }
        slots = Array(
            repeating: Slot(key: Self.empty, value: Value(first: 0, second: 0)), count: size)
        mask = size - 1
    }

    /// The value of a pair; setting replaces.
    subscript(first: UInt32, second: UInt32) -> Value? {
        get {
            let slot = slots[position(of: UInt64(first) << 32 | UInt64(second))]
            return slot.key == Self.empty ? nil : slot.value
        }
        set {
            guard let newValue else { return }
            if 2 * (count + 1) > slots.count { grow() }
            let key = UInt64(first) << 32 | UInt64(second)
            let position = position(of: key)
            if slots[position].key == Self.empty { count += 1 }
            slots[position] = Slot(key: key, value: newValue)
        }
    }

    /// All pairs with their values, in no order.
    var entries: [(first: UInt32, second: UInt32, value: Value)] {
        slots.compactMap { slot in
            slot.key == Self.empty
                ? nil : (UInt32(slot.key >> 32), UInt32(truncatingIfNeeded: slot.key), slot.value)
        }
    }

    /// Where a key is, or where it would go.
    ///
    /// The pair of two largest numbers stands for "empty".
    private func position(of key: UInt64) -> Int {
        let product = (key ^ Self.seed).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15 ^ Self.seed)
        var position = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while slots[position].key != key && slots[position].key != Self.empty {
            position = (position + 1) & mask
        }
        return position
    }

    private mutating func grow() {
        let old = slots
        self = IntegerTable(minimumCapacity: old.count)
        for slot in old where slot.key != Self.empty {
            slots[position(of: slot.key)] = slot
            count += 1
        }
    }
}
