import Glibc

/// The learning rate of every step: a rise from 0 to the peak, then the course that was chosen.
///
/// For step `s` from 0, warm-up `w` and `S` steps in all, the peak times
/// - `s / w` where `s < w`, else
/// - cosine: `(1 + cos(π (s − w) / (S − w))) / 2`,
/// - linear: `(S − s) / (S − w)`,
/// - constant: `1`.
///
/// Source: the schedules of transformers' `optimization.py`; with warm-up the first rate is 0.
public struct LearningRateSchedule: Sendable, Equatable {
    /// The course after warm-up.
    public let name: ScheduleName
    /// The highest rate.
    public let peak: Double
    /// The steps in which the rate rises.
    public let warmupSteps: Int
    /// All steps of the run.
    public let totalSteps: Int

    /// Creates a schedule.
    ///
    /// - Parameters:
    ///   - name: The course after warm-up.
    ///   - peak: The highest rate.
    ///   - warmupSteps: The steps in which the rate rises; may exceed the total.
    ///   - totalSteps: All steps of the run.
    public init(_ name: ScheduleName, peak: Double, warmupSteps: Int, totalSteps: Int) {
        self.name = name
        self.peak = peak
        self.warmupSteps = max(0, warmupSteps)
        self.totalSteps = max(0, totalSteps)
    }

    /// The schedule of a recipe for a run of so many steps; a warm-up ratio is rounded up.
    public init(_ recipe: Recipe, totalSteps: Int) {
        let ratio = recipe.schedule.warmupRatio ?? 0
        let share = ratio > 0 ? min(ratio, 1) : 0
        let warmup = recipe.schedule.warmupSteps ?? Int((share * Double(totalSteps)).rounded(.up))
        self.init(
            recipe.schedule.name, peak: recipe.optimizer.learningRate, warmupSteps: warmup,
            totalSteps: totalSteps)
    }

    /// The rate of a step, counted from 0.
    public func rate(at step: Int) -> Double { peak * factor(at: step) }

    private func factor(at step: Int) -> Double {
        if step < warmupSteps { return Double(step) / Double(warmupSteps) }
        let length = Double(max(1, totalSteps - warmupSteps))
        switch name {
        case .constant: return 1
        case .linear: return max(0, Double(totalSteps - step) / length)
        case .cosine:
            let progress = Double(step - warmupSteps) / length
            return max(0, 0.5 * (1 + cos(.pi * min(1, progress))))
        }
    }
}
