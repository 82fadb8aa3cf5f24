import Foundation
import RetortFiles
import RetortTraining
import Testing

@Suite("Learning-rate schedules")
struct LearningRateScheduleTests {
    /// A run of another framework: its schedule and the rate of each step.
    struct Trajectory: Sendable, CustomTestStringConvertible {
        let name: String
        let schedule: LearningRateSchedule
        let rates: [Double]
        var testDescription: String { name }
    }

    static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../../shared/goldens").standardized

    static var hasGolden: Bool {
        FileManager.default.fileExists(atPath: golden.appendingPathComponent("peft").path)
    }

    static func trajectories() throws -> [Trajectory] {
        try ["peft", "more/peft"].flatMap { folder in
            let root = golden.appendingPathComponent(folder)
            return try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
                .compactMap { try trajectory(in: root.appendingPathComponent($0)) }
        }
    }

    private static func trajectory(in folder: URL) throws -> Trajectory? {
        guard let text = try? Data(contentsOf: folder.appendingPathComponent("trajectory.json"))
        else { return nil }
        let info = try JSONParser.parse(
            [UInt8](try Data(contentsOf: folder.appendingPathComponent("case.json"))))
        let steps = try JSONParser.parse([UInt8](text))["steps"]?.array ?? []
        let word = info["schedule"]?["name"]?.string ?? ""
        let name = try #require(
            ScheduleName(rawValue: word == "constant_with_warmup" ? "constant" : word))
        return Trajectory(
            name: folder.lastPathComponent,
            schedule: LearningRateSchedule(
                name, peak: try #require(info["optimizer"]?["lr"]?.double),
                warmupSteps: info["schedule"]?["warmup_steps"]?.integer ?? 0,
                totalSteps: try #require(info["schedule"]?["total_steps"]?.integer)),
            rates: steps.compactMap { $0["lr"]?.double })
    }

    @Test(
        "give transformers' rates", .enabled(if: hasGolden, "needs ../shared/goldens/peft"),
        arguments: hasGolden ? try trajectories() : [])
    func golden(_ trajectory: Trajectory) {
        #expect(!trajectory.rates.isEmpty)
        for (step, expected) in trajectory.rates.enumerated() {
            #expect(abs(trajectory.schedule.rate(at: step) - expected) <= 1e-15)
        }
    }

    @Test(
        "follow the definition at every step",
        arguments: [ScheduleName.cosine, .linear, .constant], [0, 1, 5, 40])
    func definition(_ name: ScheduleName, warmup: Int) {
        let schedule = LearningRateSchedule(name, peak: 0.5, warmupSteps: warmup, totalSteps: 40)
        for step in 0..<40 {
            let s = Double(step)
            let w = Double(warmup)
            let factor =
                switch name {
                case _ where step < warmup: s / w
                case .constant: 1.0
                case .linear: (40 - s) / (40 - w)
                case .cosine: (1 + Foundation.cos(Double.pi * (s - w) / (40 - w))) / 2
                }
            #expect(abs(schedule.rate(at: step) - 0.5 * factor) < 1e-15)
        }
    }

    @Test(
        "stay finite and in range for odd lengths",
        arguments: [ScheduleName.cosine, .linear, .constant],
        [(0, 0), (3, 3), (9, 4), (0, 1), (1, 0)])
    func edges(_ name: ScheduleName, _ lengths: (Int, Int)) {
        let schedule = LearningRateSchedule(
            name, peak: 1, warmupSteps: lengths.0, totalSteps: lengths.1)
        for step in 0..<20 { #expect((0...1).contains(schedule.rate(at: step))) }
    }

    @Test(
        "round a warm-up ratio up",
        arguments: [(0.03, 100, 3), (0.03, 101, 4), (0.0, 100, 0), (1.0, 7, 7), (0.1, 5, 1)])
    func ratio(_ ratio: Double, _ total: Int, _ expected: Int) {
        var recipe = Recipe()
        recipe.schedule.warmupRatio = ratio
        #expect(LearningRateSchedule(recipe, totalSteps: total).warmupSteps == expected)
        recipe.schedule.warmupSteps = 2
        #expect(LearningRateSchedule(recipe, totalSteps: total).warmupSteps == 2)
    }
}
