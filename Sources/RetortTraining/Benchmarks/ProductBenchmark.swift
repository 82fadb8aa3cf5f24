import RetortFiles
import RetortKernels

/// Speed of the matrix products of a training step, for every way of storing the weights.
public struct ProductBenchmark: Sendable {
    /// A matrix of a model.
    public struct Shape: Sendable, Equatable {
        /// What it is in the model.
        public let name: String
        /// Columns of what it is multiplied with.
        public let inputs: Int
        /// Columns of the result.
        public let outputs: Int
        /// Whether it belongs to an adapter, whose matrices are always f32.
        public let isAdapter: Bool
    }

    /// The matrices of SmolLM2-135M, and the smallest and largest of an adapter of rank 16.
    public static let smolLM2: [Shape] = [
        Shape(name: "q_o", inputs: 576, outputs: 576, isAdapter: false),
        Shape(name: "k_v", inputs: 576, outputs: 192, isAdapter: false),
        Shape(name: "gate_up", inputs: 576, outputs: 1536, isAdapter: false),
        Shape(name: "down", inputs: 1536, outputs: 576, isAdapter: false),
        Shape(name: "lm_head", inputs: 576, outputs: 49_152, isAdapter: false),
        Shape(name: "lora_a", inputs: 576, outputs: 16, isAdapter: true),
        Shape(name: "lora_b", inputs: 16, outputs: 1536, isAdapter: true),
    ]

    /// The ways of storing weights that are measured.
    public static let formats: [StorageFormat] = [.f32, .bf16, .q4_1, .q4_0, .q8_0]

    /// The matrices that are multiplied.
    public var shapes = smolLM2
    /// Rows of the activations: the tokens of a step.
    public var rows = 2048
    /// Seconds for each product.
    public var seconds = 0.15

    /// Creates the usual benchmark.
    public init() {}

    /// The speed of one product.
    public struct Row: Sendable {
        /// The matrix.
        public var shape: Shape
        /// What was multiplied.
        public var product: MeasuredProduct
        /// Operations per second of the best run and of the median one.
        public var best, median: Double
        /// The best run over the inner kernel's peak.
        public var fractionOfPeak: Double
        /// The same of `cblas_sgemm`, where it can do the product.
        public var openBLAS: (best: Double, median: Double)?
    }

    /// What came out.
    public struct Result: Sendable {
        /// The CPU level that ran.
        public var level: String
        /// Threads that worked.
        public var threads: Int
        /// Operations per second of the inner kernel on operands in the first-level cache.
        public var peaks: [ElementType: Double]
        /// What OpenBLAS says of itself; nil if the machine does not have it.
        public var openBLAS: String?
        /// The products.
        public var rows: [Row]
    }

    /// How many products are measured.
    public var count: Int { products.count }

    private var products: [(shape: Shape, product: MeasuredProduct)] {
        var products: [(Shape, MeasuredProduct)] = []
        for precision in [ElementType.float32, .bfloat16] {
            for shape in shapes {
                for kind in MeasuredProduct.Kind.allCases {
                    // The gradient of a weight is the same product however the weight is stored.
                    let isPlain = shape.isAdapter || kind == .weightGradient
                    for format in isPlain ? [.f32] : Self.formats {
                        let product = MeasuredProduct(
                            kind, rows: rows, inputs: shape.inputs, outputs: shape.outputs,
                            format: format, precision: precision, isAdapter: shape.isAdapter)
                        if let product { products.append((shape, product)) }
                    }
                }
            }
        }
        return products
    }

    /// Runs the benchmark.
    ///
    /// - Parameters:
    ///   - kernels: The arithmetic.
    ///   - onProduct: Told after each product, how many are done.
    /// - Returns: The speeds.
    /// - Throws: Nothing but what drawn weights cannot cause: ``UnstorableValue``.
    public func run(_ kernels: Kernels, onProduct: (Int) -> Void = { _ in }) throws -> Result {
        let openBLAS = OpenBLAS(threads: kernels.threads.count)
        let peaks: [ElementType: Double] = [
            .float32: kernels.tilePeak(.float32), .bfloat16: kernels.tilePeak(.bfloat16),
        ]
        var result = Result(
            level: kernels.levelName, threads: kernels.threads.count, peaks: peaks,
            openBLAS: openBLAS?.description, rows: [])
        func speeds(_ times: [Double], _ product: MeasuredProduct) -> (best: Double, median: Double)
        {
            (
                product.operations / (times.min() ?? .infinity),
                product.operations / RetortTraining.median(times)
            )
        }
        for (shape, product) in products {
            let own = speeds(try kernels.time(product, for: seconds), product)
            let other = openBLAS?.time(product, for: seconds).map { speeds($0, product) }
            let peak = peaks[product.precision] ?? .infinity
            result.rows.append(
                Row(
                    shape: shape, product: product, best: own.best, median: own.median,
                    fractionOfPeak: own.best / peak, openBLAS: other))
            onProduct(result.rows.count)
        }
        return result
    }
}

extension ProductBenchmark.Result {
    /// The result as one line of JSON; speeds in GFLOP/s.
    public var json: JSONValue {
        .object(
            JSONObject([
                ("cpu_level", .string(level)), ("threads", .integer(threads)),
                ("rows", .integer(rows.first?.product.rows ?? 0)),
                (
                    "peak_gflops",
                    .object(
                        JSONObject(
                            peaks.map { ($0.name, .number($1 / 1e9)) }.sorted { $0.0 < $1.0 }))
                ),
                ("openblas", openBLAS.map(JSONValue.string) ?? .null),
                ("products", .array(rows.map(\.json))),
            ]))
    }

    /// A line for each product, for people.
    public var text: String {
        let heading = [
            "matrix", "product", "weights", "precision", "GFLOP/s", "best", "of peak", "OpenBLAS",
        ]
        let lines = rows.map { row in
            [
                row.shape.name, row.product.kind.rawValue, row.weights, row.product.precision.name,
                Self.gigaflops(row.median), Self.gigaflops(row.best),
                Humanized.fixed(100 * row.fractionOfPeak, 0) + " %",
                row.openBLAS.map { Self.gigaflops($0.best) } ?? "",
            ]
        }
        let widths = heading.indices.map { column in
            ([heading] + lines).map { $0[column].count }.max() ?? 0
        }
        let table = ([heading] + lines).map { cells in
            cells.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return index < 4 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let peaks = [ElementType.float32, .bfloat16].compactMap { type in
            self.peaks[type].map { "\(type.name) \(Self.gigaflops($0))" }
        }.joined(separator: ", ")
        return
            (table + [
                "",
                "\(level), threads: \(threads), rows: \(rows.first?.product.rows ?? 0)",
                "peak of the inner kernel's loop in the first-level cache, GFLOP/s: \(peaks)",
                openBLAS.map { "OpenBLAS (best run of cblas_sgemm): \($0)" }
                    ?? "OpenBLAS is not installed",
            ]).joined(separator: "\n")
    }

    private static func gigaflops(_ speed: Double) -> String { Humanized.fixed(speed / 1e9, 1) }
}

extension ProductBenchmark.Row {
    /// How the weights are stored, where they take part.
    var weights: String { product.kind == .weightGradient ? "-" : product.format.name }

    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(shape.name)), ("in", .integer(shape.inputs)),
            ("out", .integer(shape.outputs)), ("product", .string(product.kind.rawValue)),
            ("weights", .string(weights)), ("dtype", .string(product.precision.name)),
            ("best_gflops", .number(best / 1e9)), ("median_gflops", .number(median / 1e9)),
            ("fraction_of_peak", .number(fractionOfPeak)),
        ]
        if let openBLAS {
            members += [
                ("openblas_best_gflops", .number(openBLAS.best / 1e9)),
                ("openblas_median_gflops", .number(openBLAS.median / 1e9)),
            ]
        }
        return .object(JSONObject(members))
    }
}

extension ElementType {
    /// The name that users read.
    var name: String { self == .float32 ? "float32" : "bfloat16" }
}
