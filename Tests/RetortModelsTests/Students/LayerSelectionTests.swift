import RetortModels
import Testing

@Suite("The layers that a student keeps")
struct LayerSelectionTests {
    @Test(
        "are those that the method says",
        arguments: [
            (LayerSelection.uniform(4), 4, [0, 1, 2, 3]), (.uniform(2), 4, [0, 3]),
            (.uniform(3), 4, [0, 2, 3]), (.uniform(1), 4, [0]), (.uniform(3), 7, [0, 3, 6]),
            (.uniform(4), 7, [0, 2, 4, 6]), (.uniform(5), 7, [0, 2, 3, 5, 6]),
            (.uniform(15), 30, [0, 2, 4, 6, 8, 10, 12, 15, 17, 19, 21, 23, 25, 27, 29]),
            (.uniform(1), 1, [0]), (.first(3), 7, [0, 1, 2]), (.last(3), 7, [4, 5, 6]),
            (.last(7), 7, [0, 1, 2, 3, 4, 5, 6]), (.listed([1, 4]), 7, [1, 4]),
        ] as [(LayerSelection, Int, [Int])])
    func methods(_ selection: LayerSelection, _ count: Int, _ layers: [Int]) throws {
        #expect(try selection.layers(of: count, path: "m") == layers)
    }

    @Test("are spread evenly, each once, whatever the counts", arguments: 1...40)
    func uniform(count: Int) throws {
        for kept in 1...count {
            let layers = try LayerSelection.uniform(kept).layers(of: count, path: "m")
            #expect(layers.count == kept && layers.first == 0)
            if kept > 1 { #expect(layers.last == count - 1) }
            let gaps = zip(layers, layers.dropFirst()).map { $1 - $0 }
            #expect((gaps.min() ?? 1) >= 1)
            #expect((gaps.max() ?? 1) - (gaps.min() ?? 1) <= 1)
        }
    }

    @Test(
        "are refused where the model does not have them",
        arguments: [
            (.uniform(0), .layerCount(path: "m", wanted: 0, count: 7)),
            (.first(8), .layerCount(path: "m", wanted: 8, count: 7)),
            (.last(-1), .layerCount(path: "m", wanted: -1, count: 7)),
            (.listed([]), .layerCount(path: "m", wanted: 0, count: 7)),
            (.listed([0, 7]), .noLayer(path: "m", layer: 7, count: 7)),
            (.listed([-1]), .noLayer(path: "m", layer: -1, count: 7)),
            (.listed([1, 3, 3]), .layersNotRising(path: "m", layer: 3, after: 3)),
            (.listed([4, 2]), .layersNotRising(path: "m", layer: 2, after: 4)),
        ] as [(LayerSelection, StudentError)])
    func refused(_ selection: LayerSelection, _ error: StudentError) {
        #expect(throws: error) { try selection.layers(of: 7, path: "m") }
    }
}
