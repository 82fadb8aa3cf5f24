/// A product of a linear layer, to be timed on drawn values.
public struct MeasuredProduct: Sendable, Equatable {
    /// Which of the three.
    public enum Kind: String, Sendable, CaseIterable {
        /// `y = x Wᵀ`.
        case forward
        /// `dx = dy W`, of dy's type where that can be: a gradient that nothing is added to.
        case inputGradient = "input_gradient"
        /// `dW = dyᵀ x`, with dy transposed before; of an adapter, in whichever order reads the wider
        /// operand as it lies.
        case weightGradient = "weight_gradient"
    }

    /// Which product it is.
    public let kind: Kind
    /// Rows of x and y.
    public let rows: Int
    /// Columns of x.
    public let inputs: Int
    /// Columns of y.
    public let outputs: Int
    /// How W is stored; the gradient of W is f32 whatever it says.
    public let format: StorageFormat
    /// What the products multiply.
    public let precision: ElementType
    /// Whether W is one of an adapter's two matrices.
    public let isAdapter: Bool

    /// Describes a product; nil if the format's blocks do not fill W's rows.
    public init?(
        _ kind: Kind, rows: Int, inputs: Int, outputs: Int, format: StorageFormat,
        precision: ElementType, isAdapter: Bool = false
    ) {
        guard rows > 0, inputs > 0, outputs > 0, format.rowBytes(inputs) != nil else { return nil }
        self.kind = kind
        self.rows = rows
        self.inputs = inputs
        self.outputs = outputs
        self.format = format
        self.precision = precision
        self.isAdapter = isAdapter
    }

    /// Operations: two for each multiplication with its addition.
    public var operations: Double { 2 * Double(rows) * Double(inputs) * Double(outputs) }
}

extension Kernels {
    /// Times a product.
    ///
    /// - Parameters:
    ///   - product: The product.
    ///   - seconds: Runs are added until so much time is used up; there are three at least, after one
    ///     that is not timed.
    /// - Returns: Seconds of each run.
    /// - Throws: ``UnstorableValue``.
    public func time(
        _ product: MeasuredProduct, for seconds: Double
    ) throws(UnstorableValue) -> [Double] {
        let rows = product.rows, inputs = product.inputs, outputs = product.outputs
        let type = product.precision
        switch product.kind {
        case .forward:
            let x = DrawnRows(rows, inputs, type), weight = try matrix(product)
            let y = DrawnRows(rows, outputs, type, isEmpty: true)
            return timed(seconds) { self.multiply(x.rows, weight.matrix, into: y.rows) }
        case .inputGradient:
            let dy = DrawnRows(rows, outputs, type), weight = try matrix(product)
            let result = Self.sumsAtOnce(outputs, type) ? type : .float32
            let dx = DrawnRows(rows, inputs, result, isEmpty: true)
            return timed(seconds) {
                self.multiplyBack(dy.rows, weight.matrix, into: dx.rows, .replace)
            }
        case .weightGradient where product.isAdapter:
            let narrow = DrawnRows(rows, min(inputs, outputs), type)
            let wide = DrawnRows(rows, max(inputs, outputs), type)
            let dw = DrawnRows(
                min(inputs, outputs), max(inputs, outputs), .float32, isEmpty: true)
            return timed(seconds) {
                self.multiplyOuter(narrow: narrow.rows, wide.rows, into: dw.rows, .replace)
            }
        case .weightGradient:
            // Rows padded as `transpose` does.
            let dy = DrawnRows(outputs, rows, type, stride: (rows + 31) / 32 * 32)
            let x = DrawnRows(rows, inputs, type)
            let dw = DrawnRows(outputs, inputs, .float32, isEmpty: true)
            return timed(seconds) {
                self.multiplyOuter(dy.rows, x.rows, into: dw.rows, .replace)
            }
        }
    }

    private func matrix(_ product: MeasuredProduct) throws(UnstorableValue) -> DrawnMatrix {
        let values = DrawnRows(product.outputs, product.inputs, .float32)
        return DrawnMatrix(
            try encode(values.rows, as: product.format), product.format, product.outputs,
            product.inputs)
    }
}

/// Times runs until so many seconds are used up, three at least, after one that is not timed.
func timed(_ seconds: Double, _ body: () -> Void) -> [Double] {
    body()
    var times: [Double] = [], sum = 0.0
    while times.count < 3 || sum < seconds {
        let time = ContinuousClock().measure(body) / .seconds(1)
        times.append(time)
        sum += time
    }
    return times
}

/// Rows of numbers between -1 and 1, the same at every start, in memory of their own.
final class DrawnRows {
    let rows: ActivationRows

    /// Draws rows, or only makes room for them; their stride is even and what pads them is zero.
    init(
        _ rowCount: Int, _ columnCount: Int, _ type: ElementType, stride: Int? = nil,
        isEmpty: Bool = false
    ) {
        let stride = stride ?? (columnCount + 1) / 2 * 2, count = rowCount * stride
        let base = UnsafeMutableRawPointer.allocate(byteCount: count * type.bytes, alignment: 64)
        rows = ActivationRows(
            base: base, rowCount: rowCount, columnCount: columnCount, stride: stride, type: type)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: count * type.bytes)
        if isEmpty { return }
        var state: UInt32 = 1
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                // Numerical Recipes' generator; its upper bits are good enough for timing.
                state = state &* 1_664_525 &+ 1_013_904_223
                let value = Float(Int32(bitPattern: state) >> 16) / 32_768
                let at = rows.row(row) + column * type.bytes
                switch type {
                case .float32: at.storeBytes(of: value, as: Float.self)
                case .bfloat16: at.storeBytes(of: bfloat16Bits(value), as: UInt16.self)
                }
            }
        }
    }

    deinit { rows.base.deallocate() }
}

/// A stored matrix in memory of its own.
private final class DrawnMatrix {
    let matrix: StoredMatrix

    init(_ bytes: [UInt8], _ format: StorageFormat, _ rowCount: Int, _ columnCount: Int) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 64)
        bytes.withUnsafeBytes {
            base.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
        }
        matrix = StoredMatrix(
            base: base, rowCount: rowCount, columnCount: columnCount, format: format,
            stride: bytes.count / rowCount)
    }

    deinit { UnsafeMutableRawPointer(mutating: matrix.base).deallocate() }
}
