import RetortFiles
import Testing

@Suite("HDF5File")
struct HDF5FileTests {
    private static let weight = "layers/dense/vars/0"

    @Test("reads good files", arguments: try FormatCase.all("hdf5", valid: true))
    func good(_ golden: FormatCase) throws {
        let file = try HDF5File(golden.path)
        let expected = try #require(golden.expected?.object)
        #expect(try Set(file.datasetNames()) == Set(expected.keys))
        for (name, values) in expected.members {
            let dataset = try file.dataset(name)
            let wanted = values.array?.compactMap(\.double) ?? []
            let found: [Double] =
                switch dataset.type {
                case .float32: try dataset.rows(as: Float.self).map { Double($0) }
                case .int32: try dataset.rows(as: Int32.self).map { Double($0) }
                default: try dataset.rows(as: Int64.self).map { Double($0) }
                }
            #expect(found == wanted)
        }
    }

    @Test("refuses malformed files", arguments: try FormatCase.all("hdf5", valid: false))
    func malformed(_ golden: FormatCase) {
        golden.expectRefusal {
            _ = try HDF5File(golden.path).dataset(Self.weight).rows(as: Float.self)
        }
    }

    @Test("gives back what was written, by ranges of rows")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.h5"
        let numbers = (0..<30_000).map { Float($0) * 0.5 }
        let halves = (0..<7).map { Float16($0) / 8 }
        let writer = try HDF5Writer(path)
        try writer.set("text", "naïve")
        try writer.set("count", Int64(-7))
        try writer.makeGroup("a")
        try writer.makeDataset("a/numbers", .float32, shape: [10_000, 3])
        try writer.makeDataset("a/halves", .float16, shape: [7])
        try writer.makeDataset("nothing", .uint16, shape: [0, 4])
        try writer.append(halves, to: "a/halves")
        for start in stride(from: 0, to: 30_000, by: 2100) {
            try writer.append(
                Array(numbers[start..<min(start + 2100, 30_000)]), to: "a/numbers")
        }
        try writer.finish()
        #expect(try folder.names == ["x.h5"])

        let file = try HDF5File(path)
        #expect(try file.text("text") == "naïve")
        #expect(try file.number("count") == Int64(-7))
        #expect(try file.datasetNames() == ["a/halves", "a/numbers", "nothing"])
        let dataset = try file.dataset("a/numbers")
        #expect(dataset.shape == [10_000, 3] && dataset.type == .float32)
        #expect(try dataset.rows(as: Float.self) == numbers)
        #expect(try dataset.rows(5461..<5463) == Array(numbers[16_383..<16_389]))
        #expect(try file.dataset("a/halves").rows() == halves)
        #expect(try file.dataset("nothing").rows(as: UInt16.self) == [])
        #expect(throws: HDF5Error.missing(path: path, object: "a/b")) { try file.dataset("a/b") }
        #expect(throws: HDF5Error.notDataset(path: path, object: "a")) { try file.dataset("a") }
        #expect(
            throws: HDF5Error.wrongType(
                path: path, object: "a/halves", expected: "float32", found: "float16")
        ) { try file.dataset("a/halves").rows(as: Float.self) }
        #expect(
            throws: HDF5Error.wrongShape(
                path: path, object: "a/halves", expected: "[any, 2]", found: [7])
        ) { try file.dataset("a/halves").check(.float16, shape: [nil, 2]) }
        #expect(throws: HDF5Error.missing(path: path, object: "attribute none")) {
            try file.text("none")
        }
        #expect(throws: HDF5Error.self) { try file.text("count") }
        #expect(throws: HDF5Error.self) { try file.number("text", as: Int64.self) }
    }

    @Test("has the same bytes every time")
    func sameBytes() throws {
        let folder = try TemporaryFolder()
        let files = try ["a.h5", "b.h5"].map { name in
            let path = folder.path + "/" + name
            let writer = try HDF5Writer(path)
            try writer.set("text", "x")
            try writer.makeDataset("d", .int32, shape: [100_000])
            try writer.append((0..<100_000).map { Int32($0 % 1000) }, to: "d")
            try writer.finish()
            return try contents(path)
        }
        #expect(files[0] == files[1])
    }

    @Test("leaves what was there if a dataset is not finished")
    func unfinished() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "x.h5")
        #expect(
            throws: HDF5Error.wrongRowCount(path: path, object: "d", expected: 4, found: 2)
        ) {
            let writer = try HDF5Writer(path)
            try writer.makeDataset("d", .int32, shape: [4])
            try writer.append([1, 2] as [Int32], to: "d")
            try writer.finish()
        }
        #expect(
            throws: HDF5Error.wrongRowCount(path: path, object: "d", expected: 4, found: 5)
        ) {
            let writer = try HDF5Writer(path)
            try writer.makeDataset("d", .int32, shape: [4])
            try writer.append([1, 2, 3, 4, 5] as [Int32], to: "d")
        }
        #expect(try contents(path) == [1, 2, 3])
        #expect(try folder.names == ["x.h5"])
        #expect(throws: FileError.self) { _ = try HDF5Writer(folder.path + "/no/x.h5") }
    }
}
