import Foundation
import RetortFiles
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("SoftTargetFile")
struct SoftTargetFileTests {
    /// Three documents with made-up targets of the three most probable tokens.
    private struct Parts {
        var description = SoftTargetDescription(
            mode: .topK(3), tokens: .supervised, vocabularySize: 50, teacherFingerprint: "t",
            tokenizerFingerprint: "", dataFingerprint: "d")
        var examples = RetortTrainingTests.examples([5, 3, 9], vocabulary: 50)
        var targets = EncodedTargets()

        init() {
            let rows = examples.reduce(0) { $0 + description.tokens.positions(in: $1).count }
            for row in 0..<rows {
                targets.smallIDs += [3, 1, 2].map { UInt16(row + $0) }
                targets.logProbabilities += [0.5, 0.25, 0.125].map { Float16(log($0)) }
                targets.values.append(0.125)
            }
        }

        func write(to path: String) throws {
            let writer = try SoftTargetWriter(path, description, examples)
            try writer.append(targets)
            try writer.finish()
        }
    }

    @Test("gives back what was written, document by document")
    func roundTrip() throws {
        let folder = try TestFolder()
        var parts = Parts()
        parts.examples[1].spans = [0..<2, 2..<2, 2..<7]
        try parts.write(to: folder.path("x.h5"))
        let file = try SoftTargetFile(folder.path("x.h5"))
        #expect(file.description == parts.description)
        #expect(file.documentCount == 3 && file.tokenCount == 17 && file.rowCount == 11)
        for index in [2, 0, 1] {
            #expect(try file.document(index).example == parts.examples[index])
        }
        #expect(try file.document(1).positions == [1])
        let targets = try file.document(1).targets
        #expect(
            targets
                == .topK(
                    k: 3, ids: [6, 4, 5],
                    logProbabilities: [0.5, 0.25, 0.125].map { Float(Float16(log($0))) },
                    tailMass: [0.125]))
        #expect(try file.documents(0..<3).map(\.targets.rowCount) == [3, 1, 7])
        #expect(throws: SoftTargetError.noTokenizer(path: file.path)) {
            let tiny = try TargetWork().teacher()
            try file.check(try tiny.text().tokenizer)
        }
    }

    @Test("keeps ids of large vocabularies and samples")
    func samples() throws {
        let folder = try TestFolder()
        var parts = Parts()
        parts.description.mode = .samples(count: 2, power: 0.5, seed: .max)
        parts.description.vocabularySize = 70_000
        parts.targets = EncodedTargets()
        parts.targets.largeIDs = (0..<22).map { 69_999 - $0 / 2 }
        parts.targets.values = (0..<22).map { Float($0) / 7 }
        try parts.write(to: folder.path("x.h5"))
        let file = try SoftTargetFile(folder.path("x.h5"))
        #expect(file.description == parts.description)
        #expect(
            try file.document(1).targets
                == .samples(count: 2, ids: [69_996, 69_996], weights: [6 / 7, 1]))
    }

    @Test("says which value breaks the schema")
    func values() throws {
        let folder = try TestFolder()
        func refusal(_ change: (inout Parts) -> Void) throws -> String {
            var parts = Parts()
            change(&parts)
            let path = folder.path("x.h5")
            try parts.write(to: path)
            do {
                _ = try SoftTargetFile(path)
                return "accepted"
            } catch {
                let message = "\(error)"
                #expect(message.hasPrefix(path + ": "))
                return String(message.dropFirst(path.count + 2))
            }
        }
        #expect(try refusal { _ in } == "accepted")
        #expect(
            try refusal { $0.targets.smallIDs[7] = 50 }
                == "row 2 of targets/ids is wrong: an id is outside the vocabulary of 50.")
        #expect(
            try refusal { $0.targets.smallIDs[7] = $0.targets.smallIDs[6] }
                == "row 2 of targets/ids is wrong: 5 comes twice.")
        #expect(
            try refusal { $0.targets.logProbabilities[9] = .nan }
                == "row 3 of targets/log_probabilities is wrong: nan is not finite.")
        #expect(
            try refusal { $0.targets.logProbabilities[9] = 0.5 }
                == "row 3 of targets/log_probabilities is wrong: 0.5 is above 0.")
        #expect(try refusal { $0.targets.logProbabilities[10] = -0.25 }.contains("-0.25 follows"))
        #expect(
            try refusal { $0.targets.logProbabilities[0] = -2.5 }.contains("follows -2.5"))
        #expect(
            try refusal { $0.targets.values[4] = 0.25 }.hasPrefix(
                "row 4 of targets/log_probabilities is wrong: "
                    + "the probabilities and the tail sum to 1.12"))
        for mass: Float in [-0.1, 1.5, .nan] {
            #expect(try refusal { $0.targets.values[4] = mass }.contains("is no probability"))
        }
        #expect(
            try refusal { $0.examples[1].ids[0] = -1 }
                == "row 5 of tokens/ids is wrong: -1 is outside the vocabulary of 50.")
        #expect(
            try refusal { $0.examples[1].labels[2] = 77 }
                == "row 7 of tokens/labels is wrong: 77 is neither a token nor -100.")
        #expect(try refusal { $0.examples[2].line = 0 }.contains("lines count from 1"))
        #expect(
            try refusal { $0.description.vocabularySize = 0 }
                == "the attribute vocabulary_size cannot be 0.")
        #expect(
            try refusal { $0.description.vocabularySize = 2 }
                == "the attribute top_k cannot be 3.")
        #expect(
            try refusal { parts in
                parts.description.mode = .samples(count: 3, power: 1, seed: 0)
                parts.targets.values = Array(repeating: -1, count: 33)
            } == "row 0 of targets/weights is wrong: a weight is negative or no number.")
    }

    /// Writes the datasets of a file one by one, some of them wrong.
    private func write(
        _ path: String, offsets: [Int64] = [0, 3], rowOffsets: [Int64] = [0, 2],
        positions: [Int32] = [0, 1], version: Int64 = 1, spans: [Int32] = [0, 1, 1, 2, 2, 3],
        without missing: String = "", labelType: HDF5Type = .int32
    ) throws {
        let file = try HDF5Writer(path)
        try file.set("format", "retort soft targets")
        try file.set("version", version)
        for (name, text) in [
            ("mode", "top_k"), ("tokens", "all"), ("teacher_fingerprint", ""),
            ("tokenizer_fingerprint", ""), ("data_fingerprint", ""),
        ] where name != missing { try file.set(name, text) }
        try file.set("top_k", Int64(1))
        try file.set("vocabulary_size", Int64(9))
        for group in ["documents", "tokens", "targets"] { try file.makeGroup(group) }
        func add<Element: HDF5Element>(_ name: String, _ values: [Element], _ shape: [Int]) throws {
            guard name != missing else { return }
            try file.makeDataset(name, Element.hdf5Type, shape: shape)
            try file.append(values, to: name)
        }
        try add("documents/offsets", offsets, [offsets.count])
        try add("documents/row_offsets", rowOffsets, [rowOffsets.count])
        try add("documents/lines", [1] as [Int64], [1])
        try add("tokens/ids", [1, 2, 3] as [Int32], [3])
        if labelType == .int32 {
            try add("tokens/labels", [1, 2, 3] as [Int32], [3])
        } else {
            try add("tokens/labels", [1, 2, 3] as [Float], [3])
        }
        try add("tokens/spans", spans, [3, 2])
        try add("targets/positions", positions, [positions.count])
        try add("targets/ids", [1, 2] as [UInt16], [2, 1])
        try add("targets/log_probabilities", [0, 0] as [Float16], [2, 1])
        try add("targets/tail_mass", [0, 0] as [Float], [2])
        try file.finish()
    }

    @Test("says what about the structure is wrong")
    func structure() throws {
        let folder = try TestFolder()
        let path = folder.path("x.h5")
        func bad(_ dataset: String, _ row: Int, _ reason: String) -> SoftTargetError {
            .badValue(path: path, dataset: dataset, row: row, reason: reason)
        }
        try write(path)
        #expect(try SoftTargetFile(path).rowCount == 2)
        try write(path, offsets: [1, 3])
        #expect(throws: bad("documents/offsets", 0, "the first offset must be 0")) {
            try SoftTargetFile(path)
        }
        try write(path, offsets: [0, 4])
        #expect(throws: bad("documents/offsets", 1, "the last offset is 4, not 3")) {
            try SoftTargetFile(path)
        }
        try write(path, offsets: [0, .min])
        #expect(throws: SoftTargetError.self) { try SoftTargetFile(path) }
        try write(path, offsets: [0, 0])
        #expect(throws: bad("documents/offsets", 1, "0 follows 0")) { try SoftTargetFile(path) }
        try write(path, rowOffsets: [0, 3])
        #expect(throws: bad("documents/row_offsets", 1, "the last offset is 3, not 2")) {
            try SoftTargetFile(path)
        }
        try write(path, rowOffsets: [0, 1, 2])
        #expect(
            throws: HDF5Error.wrongShape(
                path: path, object: "documents/row_offsets", expected: "[2]", found: [3])
        ) { try SoftTargetFile(path) }
        for positions: [Int32] in [[0, 2], [1, 0], [-1, 0], [0, 0]] {
            try write(path, positions: positions)
            #expect(
                throws: bad(
                    "targets/positions", 0,
                    "the positions of document 1 are not those of its all tokens")
            ) { try SoftTargetFile(path) }
        }
        try write(path, spans: [0, 1, 1, 0, 2, 3])
        #expect(throws: bad("tokens/spans", 1, "it is no range of bytes")) {
            try SoftTargetFile(path)
        }
        try write(path, version: 2)
        #expect(throws: SoftTargetError.unknownVersion(path: path, version: 2)) {
            try SoftTargetFile(path)
        }
        try write(path, labelType: .float32)
        #expect(
            throws: HDF5Error.wrongType(
                path: path, object: "tokens/labels", expected: "int32", found: "float32")
        ) { try SoftTargetFile(path) }
        for name in ["targets/tail_mass", "tokens/ids", "documents/lines"] {
            try write(path, without: name)
            #expect(throws: HDF5Error.missing(path: path, object: name)) {
                try SoftTargetFile(path)
            }
        }
        try write(path, without: "mode")
        #expect(throws: HDF5Error.missing(path: path, object: "attribute mode")) {
            try SoftTargetFile(path)
        }
    }

    @Test("refuses every damaged byte that means something, and files that are cut")
    func damaged() throws {
        let folder = try TestFolder()
        let path = folder.path("x.h5")
        try Parts().write(to: path)
        let good = try MappedFile(path).contents
        let whole = try SoftTargetFile(path).documents(0..<3)
        func attempt(_ bytes: [UInt8]) throws {
            try AtomicFile.write(bytes, to: path)
            do {
                // What is not noticed must not have changed anything.
                #expect(try SoftTargetFile(path).documents(0..<3) == whole)
            } catch is HDF5Error {} catch is SoftTargetError {} catch is FileError {}
        }
        for end in stride(from: 0, to: good.count, by: max(1, good.count / 60)) {
            try AtomicFile.write(Array(good[..<end]), to: path)
            #expect(throws: (any Error).self) { try SoftTargetFile(path) }
        }
        let stream = RandomStream(seed: 4, .shuffle)
        for index in 0..<150 {
            var bytes = good
            let place = Int(stream.bits(index) % UInt64(good.count))
            bytes[place] ^= 1 << (stream.bits(index) >> 60 & 7)
            try attempt(bytes)
        }
    }

    @Test(
        "can be read with h5py as the documentation says",
        .enabled(if: hasH5py, "python3 has h5py"))
    func h5py() throws {
        let folder = try TestFolder()
        try Parts().write(to: folder.path("x.h5"))
        let page = URL(filePath: fixtures).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Docs/SoftTargets.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let code = try #require(
            text.split(separator: "```python\n").last?.split(separator: "```").first)
        let result = try python(
            code.replacingOccurrences(of: "targets.h5", with: folder.path("x.h5"))
                + """

                with h5py.File("\(folder.path("x.h5"))") as file:
                    for name in sorted(file.attrs): print(name, file.attrs[name])
                    def show(name, item):
                        if hasattr(item, "shape"): print(name, item.dtype, *item.shape)
                    file.visititems(show)
                    print(file["targets/ids"][3].tolist(), file["tokens/labels"][:5].tolist())
                """)
        let (masses, rest) = try #require(
            result.firstIndex(of: "\n").map { end in
                (result[..<end], result[result.index(after: end)...])
            })
        let numbers = masses.split { "[] ".contains($0) }.compactMap { Double($0) }
        #expect(numbers.count == 3 && numbers.allSatisfy { abs($0 - 1) < 0.001 })
        #expect(
            rest == """
                data_fingerprint b'd'
                format b'retort soft targets'
                mode b'top_k'
                teacher_fingerprint b't'
                tokenizer_fingerprint b''
                tokens b'supervised'
                top_k 3
                version 1
                vocabulary_size 50
                documents/lines int64 3
                documents/offsets int64 4
                documents/row_offsets int64 4
                targets/ids uint16 11 3
                targets/log_probabilities float16 11 3
                targets/positions int32 11
                targets/tail_mass float32 11
                tokens/ids int32 17
                tokens/labels int32 17
                tokens/spans int32 17 2
                [6, 4, 5] [-100, -100, 30, 48, 18]

                """)
    }
}

/// Whether Python can read HDF5 files here.
private let hasH5py = (try? python("import h5py")) != nil

/// What a Python program prints.
private func python(_ code: String) throws -> String {
    struct Failed: Error {}
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", code]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return String(decoding: text, as: UTF8.self)
}
