/// How a student's hidden state is compared with its teacher's.
public enum HiddenDistance: String, Sendable, Equatable, CaseIterable {
    /// Mean over the components of the squared difference.
    case mse
    /// One minus the cosine of the angle between them.
    case cosine
}

extension Kernels {
    /// Distances of rows and their gradient.
    ///
    /// - Parameters:
    ///   - student: `[m, n]`, f32.
    ///   - teacher: `[m, n]`, f32.
    ///   - distance: The measure.
    ///   - scale: Factor of the gradient.
    ///   - losses: `[m]`.
    ///   - gradient: `[m, n]`, f32, replaced; or nil.
    public func hiddenDistance(
        _ student: ActivationRows, _ teacher: ActivationRows, _ distance: HiddenDistance,
        scale: Float, losses: UnsafeMutablePointer<Float>, gradient: ActivationRows?
    ) {
        precondition(
            student.type == .float32 && teacher.type == .float32
                && student.columnCount == teacher.columnCount
                && student.rowCount == teacher.rowCount)
        split(student.rowCount, grain: 16) { range, _ in
            for row in range {
                let x = student.floats(row), y = teacher.floats(row)
                let out = gradient?.floats(row)
                losses[row] =
                    switch distance {
                    case .mse: Self.meanSquare(x, y, student.columnCount, scale, out)
                    case .cosine: Self.cosineDistance(x, y, student.columnCount, scale, out)
                    }
            }
        }
    }

    private static func meanSquare(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int, _ scale: Float,
        _ gradient: UnsafeMutablePointer<Float>?
    ) -> Float {
        let factor = 2 * scale / Float(count)
        var sum = Lanes.zero
        for i in stride(from: 0, to: count, by: 16) {
            let difference = Lanes.values(x, i, count) - Lanes.values(y, i, count)
            sum += difference * difference
            if let gradient { (difference * factor).store(gradient, i, count) }
        }
        return sum.sum() / Float(count)
    }

    /// Gradient `-(y / |y| - cos · x / |x|) / |x|`; a zero vector has cosine 0 and no gradient.
    private static func cosineDistance(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int, _ scale: Float,
        _ gradient: UnsafeMutablePointer<Float>?
    ) -> Float {
        var xy = Lanes.zero, xx = Lanes.zero, yy = Lanes.zero
        for i in stride(from: 0, to: count, by: 16) {
            let a = Lanes.values(x, i, count), b = Lanes.values(y, i, count)
            xy += a * b
            xx += a * a
            yy += b * b
        }
        let lengths = (xx.sum() * yy.sum()).squareRoot()
        guard lengths > 0 else {
            gradient?.update(repeating: 0, count: count)
            return 1
        }
        let cosine = xy.sum() / lengths
        if let gradient {
            let toTeacher = -scale / lengths, toStudent = scale * cosine / xx.sum()
            for i in stride(from: 0, to: count, by: 16) {
                let a = Lanes.values(x, i, count), b = Lanes.values(y, i, count)
                (b * toTeacher + a * toStudent).store(gradient, i, count)
            }
        }
        return 1 - cosine
    }
}
