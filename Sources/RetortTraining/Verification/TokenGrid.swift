import RetortFiles
import RetortTensor

/// A batch as other frameworks write it: rows of equal length with masks.
///
/// Keys: `input_ids`, and optionally `labels`, `attention_mask`, `position_ids`, `segment_ids`, each
/// `[rows][length]`. Tokens whose mask is 0 are left out of the computation.
package struct TokenGrid {
    package let rowCount: Int
    package let length: Int
    private let ids: [[Int]]
    private let labels: [[Int]]?
    private let mask: [[Int]]?
    private let positions: [[Int]]?
    private let segments: [[Int]]?

    /// Why a batch cannot be read.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case badGrid(path: String, key: String)
        case idOutside(path: String, id: Int, vocabulary: Int)
        case badPosition(path: String, position: Int)

        package var description: String {
            switch self {
            case .badGrid(let path, let key):
                "\(path): \(key) is not a list of rows of equal length with whole numbers."
            case .idOutside(let path, let id, let vocabulary):
                "\(path): token id \(id) is outside the vocabulary of \(vocabulary)."
            case .badPosition(let path, let position):
                "\(path): position \(position) is outside 0 to 1048575."
            }
        }
    }

    /// Reads a JSON file.
    package init(contentsOf path: String, vocabularySize: Int) throws {
        let value = try JSONValue(contentsOf: path)
        func grid(_ key: String) throws -> [[Int]]? {
            guard let rows = value[key] else { return nil }
            let grid = rows.array?.compactMap { row -> [Int]? in
                guard let cells = row.array else { return nil }
                let numbers = cells.compactMap(\.integer)
                return numbers.count == cells.count ? numbers : nil
            }
            guard let grid, grid.count == rows.array?.count else {
                throw Problem.badGrid(path: path, key: key)
            }
            return grid
        }
        guard let ids = try grid("input_ids"), let first = ids.first, !first.isEmpty else {
            throw Problem.badGrid(path: path, key: "input_ids")
        }
        self.ids = ids
        rowCount = ids.count
        length = first.count
        labels = try grid("labels")
        mask = try grid("attention_mask")
        positions = try grid("position_ids")
        segments = try grid("segment_ids")
        for (key, grid) in [
            ("input_ids", ids), ("labels", labels), ("attention_mask", mask),
            ("position_ids", positions), ("segment_ids", segments),
        ] {
            guard let grid else { continue }
            guard grid.count == rowCount, grid.allSatisfy({ $0.count == length }) else {
                throw Problem.badGrid(path: path, key: key)
            }
        }
        for id in ids.joined() + (labels ?? []).joined().filter({ $0 != -100 })
        where id < 0 || id >= vocabularySize {
            throw Problem.idOutside(path: path, id: id, vocabulary: vocabularySize)
        }
        for position in (positions ?? []).joined() where !(0..<(1 << 20)).contains(position) {
            throw Problem.badPosition(path: path, position: position)
        }
    }

    /// The tokens that count, one after another.
    struct Flat {
        var ids: [Int32] = []
        /// What should follow each token, or -100.
        var labels: [Int32] = []
        var layout = TokenLayout(positions: [], documents: [])
        /// Where each token stands in the grid, row by row.
        var places: [Int] = []
    }

    /// Lines up the tokens whose mask is not 0.
    func flattened() -> Flat {
        var flat = Flat()
        for row in 0..<rowCount {
            var start = flat.ids.count
            var segment: Int?
            for column in 0..<length where mask.map({ $0[row][column] != 0 }) ?? true {
                let own = segments?[row][column]
                if own != segment, flat.ids.count > start {
                    flat.layout.documents.append(start..<flat.ids.count)
                    start = flat.ids.count
                }
                segment = own
                flat.ids.append(Int32(ids[row][column]))
                flat.layout.positions.append(Int32(positions?[row][column] ?? column))
                let next = column + 1 < length ? labels?[row][column + 1] ?? -100 : -100
                flat.labels.append(Int32(next))
                flat.places.append(row * length + column)
            }
            if flat.ids.count > start { flat.layout.documents.append(start..<flat.ids.count) }
        }
        return flat
    }
}
