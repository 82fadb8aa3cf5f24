/// A figure of several runs: what was recorded, and the points that are drawn of it.
struct RunChart: Sendable {
    /// The values of one run.
    struct Line: Sendable {
        /// The place of the run among the runs.
        let run: Int
        /// The name of the run.
        let name: String
        /// Whether these are of the validation data, beside those of training.
        let isValidation: Bool
        /// The steps that have a value, rising.
        let steps: [Int]
        /// Tokens seen after each; NaN where the run did not record them.
        let tokens: [Double]
        /// The values.
        let values: [Double]
        /// The course of the values, if they are noisy and many.
        let smooth: [Double]?
        /// The places of the values that are drawn, the same over both axes.
        let drawn: [Int]
    }

    /// The figure.
    let metric: RunMetric
    /// The lines, run by run.
    let lines: [Line]
    /// The unit, larger than the figure's own where the values are large.
    let unit: String

    /// Gathers a figure from runs.
    ///
    /// - Parameters:
    ///   - metric: The figure.
    ///   - runs: The runs.
    ///   - withValidation: Whether the validations are laid over the lines.
    init(_ metric: RunMetric, of runs: [RunRecord], withValidation: Bool = false) {
        self.metric = metric
        let columns = runs.map { $0.metrics.column(metric) }
        let isLarge = columns.contains { $0?.values.contains { $0 >= 2048 } ?? false }
        let inGiB = metric == .memory && isLarge
        unit = inGiB ? "GiB" : metric.unit
        lines = runs.enumerated().flatMap { index, run -> [Line] in
            var found: [Line] = []
            if let column = columns[index] {
                found.append(
                    Line(
                        index, run, column.rows.map { run.metrics.steps[$0] },
                        inGiB ? column.values.map { $0 / 1024 } : column.values,
                        isNoisy: metric.isNoisy))
            }
            if metric == .validation || withValidation, !run.metrics.validations.isEmpty {
                let all = run.metrics.validations
                found.append(
                    Line(
                        index, run, all.map(\.step), all.map(\.loss),
                        isValidation: metric != .validation))
            }
            return found
        }
    }

    /// Whether no run has the figure.
    var isEmpty: Bool { lines.isEmpty }

    /// The chart over an axis.
    ///
    /// - Parameters:
    ///   - axis: What is across.
    ///   - span: What must find room across besides the points.
    /// - Returns: The chart.
    func chart(over axis: RunAxis, span: ClosedRange<Double>? = nil) -> LineChart {
        LineChart(
            x: LineChart.Axis(name: axis.rawValue, isWhole: true, span: span),
            y: LineChart.Axis(
                name: metric.title, unit: unit, kind: isLogarithmic ? .logarithmic : .linear,
                includesZero: metric.includesZero),
            series: lines.map { line in
                ChartSeries(
                    name: line.isValidation ? line.name + ", validation" : line.name,
                    style: line.run, form: line.isValidation ? .markers : .line,
                    points: line.drawn.map { place in
                        ChartPoint(
                            x: line.place(of: place, over: axis),
                            y: line.values[place], smooth: line.smooth?[place])
                    })
            })
    }

    /// Whether the values are above 0 and so far apart that a logarithmic scale shows more.
    var isLogarithmic: Bool {
        guard !metric.includesZero else { return false }
        let values = lines.flatMap { line in line.drawn.map { line.values[$0] } }
            .filter(\.isFinite)
        guard let low = values.min(), let high = values.max(), low > 0 else { return false }
        return high / low >= 10
    }
}

extension RunChart.Line {
    /// Values of one line that are drawn at most, about.
    private static let drawnLimit = 640
    /// A line of fewer values is drawn as it is.
    private static let smoothedCount = 40

    fileprivate init(
        _ index: Int, _ run: RunRecord, _ steps: [Int], _ values: [Double],
        isValidation: Bool = false, isNoisy: Bool = false
    ) {
        self.run = index
        name = run.name
        self.isValidation = isValidation
        self.steps = steps
        self.values = values
        tokens = run.metrics.tokens(after: steps)
        smooth =
            isNoisy && values.count >= Self.smoothedCount
            ? Smoothing.means(of: values, width: Double(values.count) / 100) : nil
        drawn = Decimation.places(in: values, limit: Self.drawnLimit)
    }

    /// Where a value lies across.
    func place(of index: Int, over axis: RunAxis) -> Double {
        axis == .steps ? Double(steps[index]) : tokens[index]
    }

    /// The value of a step; nil if it has none.
    func value(at step: Int) -> Double? {
        var low = 0, high = steps.count
        while low < high {
            let middle = low + (high - low) / 2
            if steps[middle] < step { low = middle + 1 } else { high = middle }
        }
        return low < steps.count && steps[low] == step ? values[low] : nil
    }
}

extension MetricsTable {
    /// Tokens seen after each of some rising steps, by the last row up to there.
    fileprivate func tokens(after steps: [Int]) -> [Double] {
        guard let sums = sums(of: "tokens") else { return steps.map { _ in .nan } }
        var row = -1
        return steps.map { step in
            while row + 1 < self.steps.count, self.steps[row + 1] <= step { row += 1 }
            return row < 0 ? .nan : sums[row]
        }
    }
}
