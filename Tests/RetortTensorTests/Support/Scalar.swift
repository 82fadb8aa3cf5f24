import Glibc

/// A number that references compute with: `Double`, or one that carries its own slope.
protocol Scalar {
    init(_ value: Double)
    var number: Double { get }
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    static func / (a: Self, b: Self) -> Self
    var exponential: Self { get }
    var logarithm: Self { get }
    var root: Self { get }
}

extension Scalar {
    static func += (a: inout Self, b: Self) { a = a + b }
    static prefix func - (a: Self) -> Self { Self(0) - a }
}

extension Double: Scalar {
    var number: Double { self }
    var exponential: Double { exp(self) }
    var logarithm: Double { log(self) }
    var root: Double { squareRoot() }
}

/// A value and its derivative by one input (Clifford's dual numbers): a forward pass with these gives
/// the exact slope of what the forward pass computes.
struct Dual: Scalar {
    var number: Double
    var slope: Double

    init(_ value: Double) { self.init(value, slope: 0) }
    init(_ number: Double, slope: Double) {
        self.number = number
        self.slope = slope
    }

    static func + (a: Dual, b: Dual) -> Dual { Dual(a.number + b.number, slope: a.slope + b.slope) }
    static func - (a: Dual, b: Dual) -> Dual { Dual(a.number - b.number, slope: a.slope - b.slope) }
    static func * (a: Dual, b: Dual) -> Dual {
        Dual(a.number * b.number, slope: a.slope * b.number + a.number * b.slope)
    }
    static func / (a: Dual, b: Dual) -> Dual {
        let quotient = a.number / b.number
        return Dual(quotient, slope: (a.slope - quotient * b.slope) / b.number)
    }
    var exponential: Dual { Dual(exp(number), slope: exp(number) * slope) }
    var logarithm: Dual { Dual(log(number), slope: slope / number) }
    var root: Dual { Dual(number.squareRoot(), slope: slope / (2 * number.squareRoot())) }
}

/// A matrix of scalars.
struct Grid<S: Scalar> {
    let rowCount: Int
    let columnCount: Int
    var values: [S]

    init(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> S) {
        rowCount = rows
        columnCount = columns
        values = (0..<rows * columns).map { value($0 / columns, $0 % columns) }
    }

    subscript(_ row: Int, _ column: Int) -> S {
        get { values[row * columnCount + column] }
        set { values[row * columnCount + column] = newValue }
    }

    func map<T: Scalar>(_ transform: (S) -> T) -> Grid<T> {
        Grid<T>(rowCount, columnCount) { transform(self[$0, $1]) }
    }

    /// `self · otherᵀ`.
    func timesTransposed(_ other: Grid) -> Grid {
        Grid(rowCount, other.rowCount) { row, column in
            (0..<columnCount).reduce(S(0)) { $0 + self[row, $1] * other[column, $1] }
        }
    }

    static func + (a: Grid, b: Grid) -> Grid {
        Grid(a.rowCount, a.columnCount) { a[$0, $1] + b[$0, $1] }
    }
}
