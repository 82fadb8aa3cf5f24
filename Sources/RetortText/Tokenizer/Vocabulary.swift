/// The texts of all ids and the ids of all texts, compared byte for byte.
///
/// All texts lie in one array; ids may have gaps.
struct Vocabulary: Sendable {
    /// The largest id that is accepted plus one; no published vocabulary has a quarter of it.
    static let idLimit = 4_194_304

    private var storage: [UInt8] = []
    /// Per id where its text lies in `storage`; nothing if the id is unused.
    private var places: [Place] = []
    /// Ids by hash of their text, `none` where empty.
    private var slots: [UInt32]
    private(set) var count = 0

    private struct Place: Sendable {
        var start: UInt32 = 0
        var length = none
    }
    private static let none = UInt32.max
    private static let seed = UInt64.random(in: .min ... .max) | 1

    /// Creates an empty vocabulary with room for a number of texts.
    init(minimumCapacity: Int = 8) {
        var size = 16
        while size < minimumCapacity * 2 { size *= 2 }
        slots = Array(repeating: Self.none, count: size)
    }

    /// One more than the largest id.
    var endID: Int { places.count }

    /// Adds a text under an id.
    ///
    /// A text that is present already moves to the new id; the old id keeps its text.
    ///
    /// - Returns: Whether the id was valid and free.
    mutating func insert(_ text: some Collection<UInt8>, id: Int) -> Bool {
        guard (0..<Self.idLimit).contains(id), !contains(id: id),
            let start = UInt32(exactly: storage.count), let length = UInt32(exactly: text.count)
        else { return false }
        if 2 * (count + 1) > slots.count { grow() }
        storage.append(contentsOf: text)
        while places.count <= id { places.append(Place()) }
        places[id] = Place(start: start, length: length)
        slots[slot(of: text)] = UInt32(id)
        count += 1
        return true
    }

    /// Whether an id has a text.
    func contains(id: Int) -> Bool {
        places.indices.contains(id) && places[id].length != Self.none
    }

    /// The id of a text.
    func id(of text: some Collection<UInt8>) -> Int? {
        let id = slots[slot(of: text)]
        return id == Self.none ? nil : Int(id)
    }

    /// The text of an id.
    func bytes(of id: Int) -> ArraySlice<UInt8>? {
        guard contains(id: id) else { return nil }
        let place = places[id]
        return storage[Int(place.start)..<Int(place.start) + Int(place.length)]
    }

    /// The text of an id as a string.
    func text(of id: Int) -> String? {
        bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The ids that have a text, in order.
    var ids: [Int] { places.indices.filter { contains(id: $0) } }

    private func slot(of text: some Collection<UInt8>) -> Int {
        let mask = slots.count - 1
        var position = Self.hash(text) & mask
        while slots[position] != Self.none, !matches(Int(slots[position]), text) {
            position = (position + 1) & mask
        }
        return position
    }

    private func matches(_ id: Int, _ text: some Collection<UInt8>) -> Bool {
        let place = places[id]
        guard Int(place.length) == text.count else { return false }
        var index = Int(place.start)
        for byte in text {
            if storage[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// Eight bytes at a time, mixed with a key that differs per process.
    private static func hash(_ text: some Collection<UInt8>) -> Int {
        var state = seed &+ UInt64(text.count)
        var word: UInt64 = 0
        var filled = 0
        for byte in text {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                state = mixed(state ^ word)
                word = 0
                filled = 0
            }
        }
        return Int(truncatingIfNeeded: mixed(state ^ word) >> 1)
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low ^ seed
    }

    private mutating func grow() {
        let size = slots.count * 2
        let old = slots
        slots = Array(repeating: Self.none, count: size)
        for id in old where id != Self.none {
            guard let text = bytes(of: Int(id)) else { continue }
            slots[slot(of: text)] = id
        }
    }
}
