import RetortFiles
import Testing

@testable import RetortModels

@Suite("Exports that fail")
struct ExportErrorTests {
    private func adapted(_ test: ExportCase, value: Float) throws -> Model {
        let model = try test.model(
            ExportCase.gguf("f32.gguf"), adapter: ExportCase.gguf("adapter_peft"))
        let b = try #require(model.decoder.layers[1].down.adapter?.b.value)
        for column in 0..<b.columnCount { b[3, column] = value }
        return model
    }

    @Test(
        "a value that the type cannot hold is named, and nothing is left",
        arguments: [
            (ExportFormat.gguf, ExportType.f16), (.gguf, .q8_0), (.gguf, .q4_1),
            (.huggingFace, .f16),
        ])
    func unstorable(format: ExportFormat, type: ExportType) throws {
        let test = try ExportCase()
        let model = try adapted(test, value: 1e9)
        let path = test.folder + "/a"
        #expect(
            throws: ExportError.unstorable(
                path: model.path, tensor: "model.layers.1.mlp.down_proj.weight",
                type: type.rawValue)
        ) {
            try model.export(to: path, format: format, type: type)
        }
        #expect(try test.names == [])
        try model.export(to: path, format: format, type: format == .gguf ? .f32 : .bf16)
        #expect(try test.names == ["a"])
    }

    @Test("values that are not finite are refused in every type", arguments: ExportType.allCases)
    func notFinite(type: ExportType) throws {
        let test = try ExportCase()
        let model = try adapted(test, value: .nan)
        #expect(throws: ExportError.self) {
            try model.export(to: test.folder + "/a.gguf", format: .gguf, type: type)
        }
        #expect(try test.names == [])
    }

    @Test("a place that cannot be written is named by the path that was asked for")
    func unwritable() throws {
        let test = try ExportCase()
        let model = try test.model(
            ExportCase.gguf("f32.gguf"), adapter: ExportCase.gguf("adapter_peft"))
        for format in ExportFormat.allCases {
            do {
                try model.export(to: "/proc/retort-export", format: format)
                Issue.record("\(format) was written to /proc")
            } catch FileError.unwritable(let path, _) {
                #expect(path == "/proc/retort-export")
            }
        }
    }

    @Test("what is there is not destroyed")
    func occupied() throws {
        let test = try ExportCase()
        let model = try adapted(test, value: 1e9)
        let folder = test.folder + "/folder", file = test.folder + "/file"
        try Folder.create(folder)
        try AtomicFile.write([1], to: folder + "/precious")
        try AtomicFile.write([2], to: file)
        #expect(throws: FileError.isFolder(path: folder)) {
            try model.export(to: folder, format: .gguf, type: .f32)
        }
        for format in [ExportFormat.huggingFace, .peft] {
            #expect(throws: FileError.exists(path: folder)) {
                try model.export(to: folder, format: format)
            }
        }
        #expect(throws: ExportError.self) {
            try model.export(to: file, format: .gguf, type: .f16)
        }
        #expect(try Folder.names(in: folder) == ["precious"])
        #expect(try MappedFile(file).contents == [2])
    }

    @Test("types that a format does not have are refused with those that it has")
    func wrongTypes() throws {
        let test = try ExportCase()
        let model = try test.model(ExportCase.gguf("q4_1.gguf"))
        let path = test.folder + "/a"
        #expect(throws: ExportError.wrongType(type: .q4_0, format: .huggingFace)) {
            try model.export(to: path, format: .huggingFace, type: .q4_0)
        }
        #expect(throws: ExportError.wrongType(type: .f16, format: .peft)) {
            try model.export(to: path, format: .peft, type: .f16)
        }
        #expect(
            throws: ExportError.baseTypeNotInFormat(
                tensor: "model.embed_tokens.weight", type: "q4_1", format: .huggingFace)
        ) {
            try model.export(to: path, format: .huggingFace, type: .base)
        }
        for format in [ExportFormat.peft, .ggufLoRA] {
            #expect(throws: ExportError.noAdapter(path: model.path)) {
                try model.export(to: path, format: format)
            }
        }
        #expect(try test.names == [])
    }
}
