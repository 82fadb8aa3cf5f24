import Foundation
import Testing

@testable import RetortTraining

@Suite("Decimation")
struct DecimationTests {
    @Test("keeps few values as they are", arguments: [0, 1, 4, 100])
    func few(_ count: Int) {
        let values = (0..<count).map(Double.init)
        #expect(Decimation.places(in: values, limit: 100) == Array(0..<count))
    }

    @Test(
        "keeps the extremes of every part, both ends, and the bound",
        arguments: [101, 5000, 99_999])
    func many(_ count: Int) {
        var state = UInt64(count)
        let values = (0..<count).map { _ -> Double in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40)
        }
        let places = Decimation.places(in: values, limit: 100)
        #expect(places.count <= 152)
        #expect(places.first == 0 && places.last == count - 1)
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
        let kept = places.map { values[$0] }
        #expect(kept.max() == values.max() && kept.min() == values.min())
        // The fourth of fifty parts.
        let part = values[3 * count / 50..<4 * count / 50]
        #expect(part.max().map(kept.contains) == true)
    }

    @Test("keeps a spike, and where values stop being finite")
    func spike() {
        var values = [Double](repeating: 1, count: 5000)
        values[2222] = 9
        values[3333] = .nan
        for index in 4800..<5000 { values[index] = .infinity }
        let places = Decimation.places(in: values, limit: 640)
        #expect(places.contains(2222) && places.contains(3333) && places.contains(4999))
        #expect(places.contains { (4800..<4816).contains($0) })
    }
}

@Suite("Smoothing")
struct SmoothingTests {
    /// The definition, term by term.
    private func plain(_ values: [Double], width: Double) -> [Double] {
        values.indices.map { index in
            var sum = 0.0, weights = 0.0
            for other in values.indices where values[other].isFinite {
                let weight = exp(-Double(abs(index - other)) / width)
                sum += weight * values[other]
                weights += weight
            }
            return values[index].isFinite ? sum / weights : values[index]
        }
    }

    @Test("is the weighted mean of its definition", arguments: [0.5, 3, 40])
    func definition(_ width: Double) {
        let values = (0..<100).map { $0 == 31 ? .nan : Double($0 * $0 % 37) - 12 }
        let means = Smoothing.means(of: values, width: width)
        for (own, other) in zip(means, plain(values, width: width)) {
            #expect(own.isNaN == other.isNaN)
            #expect(own.isNaN || abs(own - other) < 1e-9)
        }
    }

    @Test("leaves equal values alone, however large")
    func constant() {
        for value in [0, 1, -3e-310, 1.7e308, -1.7e308] {
            let means = Smoothing.means(of: [Double](repeating: value, count: 300), width: 5)
            #expect(means.allSatisfy { abs($0 - value) <= abs(value) * 1e-12 + 1e-300 })
        }
        #expect(Smoothing.means(of: [], width: 5).isEmpty)
        #expect(Smoothing.means(of: [.nan, .infinity], width: 5).count == 2)
    }
}

@Suite("Chart palette")
struct ChartPaletteTests {
    /// Linear red, green and blue as people with a deficiency see them.
    ///
    /// Source: Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1.
    private static let visions: [(name: String, matrix: [[Double]])] = [
        ("normal", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ]
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ]
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ]
        ),
    ]

    private func linear(_ colour: String) -> [Double] {
        (0..<3).map { place in
            let value = Double(Int(colour.dropFirst(1 + 2 * place).prefix(2), radix: 16) ?? 0) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
    }

    /// CIE L*a*b*, white of D65.
    private func lab(_ rgb: [Double]) -> [Double] {
        let rgb = rgb.map { min(1, max(0, $0)) }
        func f(_ t: Double) -> Double { t > 0.008856 ? pow(t, 1 / 3) : 7.787 * t + 16 / 116 }
        let x = f((0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.95047)
        let y = f(0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2])
        let z = f((0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.08883)
        return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
    }

    @Test("keeps its colours apart, whoever looks", arguments: [false, true])
    func apart(_ isDark: Bool) {
        let colours = ChartPalette.colours.map { isDark ? $0.dark : $0.light }
        for (name, matrix) in Self.visions {
            let seen = colours.map { colour in
                let rgb = linear(colour)
                return lab(matrix.map { row in zip(row, rgb).reduce(0) { $0 + $1.0 * $1.1 } })
            }
            for (index, one) in seen.enumerated() {
                for other in seen[..<index] {
                    let distance = zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                    #expect(distance >= 15 * 15, "\(name), line \(index)")
                }
            }
        }
    }

    @Test("has a combination of colour and dash for each of 36 lines")
    func combinations() {
        #expect(ChartPalette.count == 36)
        #expect(Set((0..<36).map(ChartPalette.classes)).count == 36)
        // The first runs differ in both.
        #expect(Set((0..<6).map { ChartPalette.classes($0).suffix(2) }).count == 6)
    }
}
