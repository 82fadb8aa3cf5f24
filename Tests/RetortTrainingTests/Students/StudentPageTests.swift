import Foundation
import RetortTraining
import Testing

@Suite("The page of students")
struct StudentPageTests {
    private static let page = URL(filePath: fixtures).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Docs/Students.md")

    @Test("shows recipes that can be read")
    func recipes() throws {
        let parts = try String(contentsOf: Self.page, encoding: .utf8)
            .components(separatedBy: "```yaml recipe\n").dropFirst()
        #expect(parts.count == 4)
        let starts = try parts.map { part in
            let end = try #require(part.range(of: "```"))
            return try RecipeSamples.read(String(part[..<end.lowerBound])).model.initialize
        }
        #expect(starts.map { $0?.keepLayers } == [15, 15, nil, nil])
        #expect(starts.last??.scratch?.sizes.hiddenSize == 256)
    }
}
