import RetortFiles
import RetortTensor

/// Parameters of a model that was never trained: matrices normal, norms one, biases zero.
///
/// Each is drawn from a stream of its own, chosen by its name: its values depend on the seed and its
/// shape alone, not on the other parameters. Source: the initialization of transformers'
/// pretrained models, with `initializer_range` of `config.json` as standard deviation.
struct DrawnWeights: WeightSource {
    private let path: String
    private let workspace: Workspace
    private let stream: RandomStream
    private let deviation: Double
    private var byteCount = 0

    /// Prepares drawing for a model's configuration.
    ///
    /// - Throws: ``ModelError`` if its `initializer_range` cannot be used.
    init(_ files: ModelFiles, seed: UInt64, workspace: Workspace) throws {
        path = files.configurationPath
        self.workspace = workspace
        stream = RandomStream(seed: seed, .initialization)
        let key = "initializer_range"
        // GGUF files do not say how their model was drawn.
        if case .huggingFace(let folder) = files, let value = folder.config[key], value != .null {
            deviation = try ModelConfiguration.positive(value.double, path, key)
        } else {
            deviation = 0.02
        }
    }

    mutating func weight(_ wanted: WantedParameter) throws -> Weight? {
        let count = wanted.rows * wanted.columns
        // Sizes are bounded by the description, but no file of weights vouches for them.
        byteCount += count * MemoryLayout<Float>.size
        guard byteCount <= machineMemory else {
            throw ModelError.tooLarge(path: path, memory: machineMemory)
        }
        let values: [Float]
        switch wanted.kind {
        case .matrix:
            let own = stream[Self.place(wanted.name)]
            values = (0..<count).map { Float(own.normal($0) * deviation) }
        case .norm: values = Array(repeating: 1, count: count)
        case .bias: values = Array(repeating: 0, count: count)
        }
        return Weight(workspace.tensor(values, rows: wanted.rows, columns: wanted.columns))
    }

    /// A name's number: its FNV-1a hash.
    private static func place(_ name: String) -> Int {
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return Int(truncatingIfNeeded: hash)
    }
}
