import RetortKernels
import RetortTensor

/// Rotated keys and values of the tokens so far, for several sequences side by side.
package final class KeyValueCache {
    /// Tokens that each sequence holds.
    package private(set) var lengths: [Int]
    private var capacity: Int
    private var layers: [(keys: Tensor, values: Tensor)]
    private let columns: [Int]
    private let workspace: Workspace

    /// An empty cache for a decoder.
    package init(
        _ description: DecoderDescription, sequences: Int, capacity: Int, in workspace: Workspace
    ) {
        self.workspace = workspace
        self.capacity = max(16, capacity)
        lengths = Array(repeating: 0, count: sequences)
        columns = description.layers.map { $0.attention.keyValueHeadCount * $0.attention.headSize }
        layers = []
        layers = columns.map { (tensor($0), tensor($0)) }
    }

    private func tensor(_ columns: Int) -> Tensor {
        workspace.tensor(lengths.count * capacity, columns, workspace.activationType)
    }

    /// Makes room for `added` more tokens in every sequence.
    package func reserve(_ added: Int) {
        let needed = (lengths.max() ?? 0) + added
        guard needed > capacity else { return }
        let old = capacity
        capacity = max(needed, 2 * old)
        layers = layers.map { keys, values in (grown(keys, from: old), grown(values, from: old)) }
    }

    private func grown(_ tensor: Tensor, from old: Int) -> Tensor {
        let larger = self.tensor(tensor.columnCount)
        for (sequence, length) in lengths.enumerated() where length > 0 {
            workspace.kernels.convert(
                tensor.rows(sequence * old..<sequence * old + length),
                into: larger.rows(sequence * capacity..<sequence * capacity + length))
        }
        return larger
    }

    /// Stores new keys and values and attends to all; `documents` are the sequences' new tokens.
    func attend(
        _ layer: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ documents: [Range<Int>],
        _ shape: AttentionShape
    ) -> Tensor {
        precondition(documents.count == lengths.count)
        let (keys, values) = layers[layer]
        for (sequence, document) in documents.enumerated() where !document.isEmpty {
            let start = sequence * capacity + lengths[sequence]
            let place = start..<start + document.count
            workspace.kernels.convert(k.rows(document), into: keys.rows(place))
            workspace.kernels.convert(v.rows(document), into: values.rows(place))
        }
        let out = workspace.tensor(q.rowCount, q.columnCount, q.type)
        if lengths.allSatisfy({ $0 == 0 }) {
            let logSums = workspace.tensor(q.rowCount, shape.headCount)
            unsafe workspace.kernels.attend(
                q.rows, k.rows, v.rows, documents.filter { !$0.isEmpty }, shape, into: out.rows,
                logSums: logSums.floats)
            return out
        }
        var queries: [CachedQuery] = []
        for (sequence, document) in documents.enumerated() {
            for (offset, row) in document.enumerated() {
                let end = lengths[sequence] + offset + 1
                let first = shape.window.map { max(0, end - $0) } ?? 0
                queries.append(
                    CachedQuery(
                        row: row, keys: sequence * capacity + first..<sequence * capacity + end))
            }
        }
        workspace.kernels.attend(q.rows, keys.rows, values.rows, queries, shape, into: out.rows)
        return out
    }

    /// Counts the new tokens of every sequence, after all layers have stored theirs.
    func advance(_ documents: [Range<Int>]) {
        for (sequence, document) in documents.enumerated() { lengths[sequence] += document.count }
    }
}
