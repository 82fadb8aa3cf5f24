import RetortKernels
import RetortTensor

/// Rotated keys and values of the tokens so far, for several sequences side by side.
package final class KeyValueCache {
    /// Tokens that each sequence holds.
    package private(set) var lengths: [Int]
    private var capacity: Int
    /// Of each layer, `[heads * sequences * capacity, headSize]`.
    private var layers: [(keys: Tensor, values: Tensor)]
    private let shapes: [AttentionShape]
    private let workspace: Workspace

    /// An empty cache for a decoder.
    package init(
        _ description: DecoderDescription, sequences: Int, capacity: Int, in workspace: Workspace
    ) {
        self.workspace = workspace
        self.capacity = max(16, capacity)
        lengths = Array(repeating: 0, count: sequences)
        shapes = description.layers.map(\.attention.shape)
        layers = []
        layers = shapes.map { (tensor($0), tensor($0)) }
    }

    private func tensor(_ shape: AttentionShape) -> Tensor {
        workspace.tensor(
            shape.keyValueHeadCount * lengths.count * capacity, shape.headSize,
            workspace.activationType)
    }

    /// The first row of a head of a sequence.
    private func start(_ head: Int, _ sequence: Int, capacity: Int) -> Int {
        (head * lengths.count + sequence) * capacity
    }

    /// Makes room for `added` more tokens in every sequence.
    package func reserve(_ added: Int) {
        let needed = (lengths.max() ?? 0) + added
        guard needed > capacity else { return }
        let old = capacity
        capacity = max(needed, 2 * old)
        layers = zip(layers, shapes).map { layer, shape in
            (grown(layer.keys, shape, from: old), grown(layer.values, shape, from: old))
        }
    }

    private func grown(_ tensor: Tensor, _ shape: AttentionShape, from old: Int) -> Tensor {
        let larger = self.tensor(shape)
        for head in 0..<shape.keyValueHeadCount {
            for (sequence, length) in lengths.enumerated() where length > 0 {
                let from = start(head, sequence, capacity: old)
                let to = start(head, sequence, capacity: capacity)
                workspace.kernels.convert(
                    tensor.rows(from..<from + length), into: larger.rows(to..<to + length))
            }
        }
        return larger
    }

    /// Stores a sequence's new rows, head by head.
    private func store(
        _ new: Tensor, _ document: Range<Int>, of sequence: Int, _ shape: AttentionShape,
        in cached: Tensor
    ) {
        for head in 0..<shape.keyValueHeadCount {
            let to = start(head, sequence, capacity: capacity) + lengths[sequence]
            workspace.kernels.convert(
                new.rows(document).columns(at: head * shape.headSize, shape.headSize),
                into: cached.rows(to..<to + document.count))
        }
    }

    /// Stores new keys and values and attends to all; `documents` are the sequences' new tokens.
    func attend(
        _ layer: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ documents: [Range<Int>],
        _ shape: AttentionShape
    ) -> Tensor {
        precondition(documents.count == lengths.count)
        let (keys, values) = layers[layer]
        for (sequence, document) in documents.enumerated() where !document.isEmpty {
            store(k, document, of: sequence, shape, in: keys)
            store(v, document, of: sequence, shape, in: values)
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
