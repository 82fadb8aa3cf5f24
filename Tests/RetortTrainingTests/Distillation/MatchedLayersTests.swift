import RetortFiles
import Testing

@testable import RetortTraining

@Suite("Layers that are matched")
struct MatchedLayersTests {
    private func pairs(
        _ layers: MatchedLayers, _ student: Int, _ teacher: Int, lowest: Int = 0
    ) throws -> [[Int]] {
        try layers.resolved(student: student, teacher: teacher, lowest: lowest, key: "k")
            .map { [$0.student, $0.teacher] }
    }

    @Test("stand at the same height, rounded to the nearest")
    func uniform() throws {
        #expect(try pairs(.uniform, 3, 6) == [[1, 2], [2, 4], [3, 6]])
        #expect(try pairs(.uniform, 4, 6) == [[1, 2], [2, 3], [3, 5], [4, 6]])
        #expect(try pairs(.uniform, 3, 2) == [[1, 1], [2, 1], [3, 2]])
        #expect(try pairs(.uniform, 1, 30) == [[1, 30]])
        for (student, teacher) in [(15, 30), (7, 30), (30, 30), (12, 5)] {
            let pairs = try pairs(.uniform, student, teacher)
            #expect(pairs.map { $0[0] } == Array(1...student))
            #expect(pairs.last == [student, teacher])
            #expect(pairs.allSatisfy { (0...teacher).contains($0[1]) })
        }
        // The embedding has hidden states, but no attention.
        #expect(try pairs(.uniform, 5, 2).first == [1, 0])
        #expect(try pairs(.uniform, 5, 2, lowest: 1).first == [1, 1])
    }

    @Test("are the last of both, or those listed")
    func listed() throws {
        #expect(try pairs(.last, 3, 7) == [[3, 7]])
        let list = MatchedLayers.pairs([
            .init(student: 0, teacher: 0), .init(student: 2, teacher: 7),
        ])
        #expect(try pairs(list, 2, 7) == [[0, 0], [2, 7]])
    }

    @Test("that a model does not have are refused by their number")
    func absent() throws {
        let list = MatchedLayers.pairs([.init(student: 2, teacher: 8)])
        #expect(throws: DistillationError.noLayer(key: "k", layer: 8, count: 7)) {
            try pairs(list, 2, 7)
        }
        #expect(throws: DistillationError.noLayer(key: "k", layer: 2, count: 1)) {
            try pairs(list, 1, 8)
        }
        let embedding = MatchedLayers.pairs([.init(student: 0, teacher: 1)])
        #expect(throws: DistillationError.noLayer(key: "k", layer: 0, count: 3)) {
            try pairs(embedding, 3, 3, lowest: 1)
        }
    }

    @Test("are read from a recipe as they are written")
    func recipe() throws {
        for text in ["uniform", "last", "[[5, 10], [15, 30]]", "[[0, 0]]"] {
            let node = try YAMLParser.parse(text)
            let layers = try #require(MatchedLayers(recipe: node))
            #expect(layers.recipeNode.json == node.json)
        }
        for text in ["first", "[]", "[[1]]", "[[1, 2, 3]]", "[[-1, 2]]", "[1, 2]", "3", "{}"] {
            #expect(MatchedLayers(recipe: try YAMLParser.parse(text)) == nil, "\(text)")
        }
    }
}
