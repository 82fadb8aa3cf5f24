import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

@Suite("A student that is narrower")
struct NarrowStudentTests {
    private let test: ExportCase

    init() throws { test = try ExportCase() }

    private static func fixture(_ name: String) -> String {
        "\(ExportCase.fixtures)/models/\(name)"
    }

    private static let models =
        ["llama", "llama_gqa_tied", "llama_bias"].map(fixture)
        + ["q4_1.gguf", "qwen2_q8_0.gguf", "llama3_q8_0.gguf"].map(ExportCase.gguf)

    /// Half of everything that can be halved, of a multiple of the heads.
    private func half(_ description: DecoderDescription) -> StudentSizes {
        let layer = description.layers[0]
        var sizes = StudentSizes()
        let groups = max(1, layer.attention.keyValueHeadCount / 2)
        let group = layer.attention.headCount / layer.attention.keyValueHeadCount
        sizes.keyValueHeads = groups
        sizes.heads = groups * max(1, group / 2)
        let heads = groups * max(1, group / 2)
        sizes.hidden = max(1, description.hiddenSize / 2 / heads) * heads
        sizes.inner = layer.feedForward.innerSize / 2 + 1
        return sizes
    }

    @Test("computes what a model with those rows and columns does", arguments: models)
    func forward(path: String) throws {
        let model = try test.model(path)
        let importance = try Importance(of: model, on: calibration)
        let student = try model.pruned(
            keeping: .last(1), to: half(model.description), by: importance)
        let plan = try #require(student.plan)
        #expect(student.description.hiddenSize == plan.hidden?.count)
        #expect(student.unexpectedTensors.isEmpty)
        let plain = try PlainStudent(plan).model(of: model, in: test)
        expectClose(student.logits(), plain.logits(), within: 1e-5)
        #expect(student.parameterCount < model.parameterCount)
    }

    @Test("is whole in every format", arguments: models)
    func exported(path: String) throws {
        let model = try test.model(path)
        let importance = try Importance(of: model, on: calibration)
        let student = try model.pruned(to: half(model.description), by: importance)
        for format in [ExportFormat.huggingFace, .gguf] {
            let output = "\(test.folder)/student\(format == .gguf ? ".gguf" : "")"
            try student.export(to: output, format: format, type: .f32)
            let again = try test.model(output)
            #expect(again.unexpectedTensors.isEmpty)
            expectClose(again.logits(), student.logits(), within: 1e-5, output)
        }
    }

    @Test("keeps matrices that lose nothing where they lie")
    func mapped() throws {
        let model = try test.model(ExportCase.gguf("q4_1.gguf"))
        var sizes = StudentSizes()
        sizes.inner = 32
        let student = try model.pruned(
            to: sizes, by: Importance(of: model, on: calibration), sliceType: .bfloat16)
        let own = student.decoder.layers[0], base = model.decoder.layers[0]
        #expect(unsafe own.query.weight.matrix.base == base.query.weight.matrix.base)
        #expect(own.down.weight.format == .bf16 && own.gate.weight.format == .bf16)
        #expect(own.gate.weight.rowCount == 32 && own.down.weight.columnCount == 32)
    }

    @Test("loses nothing with feed-forward channels that do nothing")
    func silentChannels() throws {
        let silent: Set<Int> = [0, 3, 7]
        let golden = try test.model(Self.fixture("llama"))
        let model = try test.changed(golden, to: "silent") { name, row, _, value in
            let isInner = name.contains("gate_proj") || name.contains("up_proj")
            return isInner && silent.contains(row) ? 0 : value
        }
        var sizes = StudentSizes()
        let all = model.description.layers[0].feedForward.innerSize
        sizes.inner = all - silent.count
        let student = try model.pruned(to: sizes, by: Importance(of: model, on: calibration))
        let kept = (0..<all).filter { !silent.contains($0) }
        #expect(student.plan?.inner == model.description.layers.map { _ in kept })
        expectClose(student.logits(), model.logits(), within: 1e-5)
    }

    @Test("loses nothing with a group of heads whose values are zero")
    func silentHeads() throws {
        let golden = try test.model(Self.fixture("llama_gqa_tied"))
        let attention = golden.description.layers[0].attention
        let group = attention.headCount / attention.keyValueHeadCount
        #expect(attention.keyValueHeadCount > 1 && group > 1)
        let model = try test.changed(golden, to: "silent") { name, row, _, value in
            name.contains("v_proj") && row / attention.headSize == 0 ? 0 : value
        }
        var sizes = StudentSizes()
        sizes.keyValueHeads = attention.keyValueHeadCount - 1
        // The width must be a multiple of the heads that stay.
        let heads = group * (attention.keyValueHeadCount - 1)
        guard model.description.hiddenSize % heads == 0 else {
            #expect(
                throws: StudentError.indivisible(
                    path: model.path, hidden: model.description.hiddenSize, heads: heads)
            ) { try model.pruned(to: sizes, by: Importance(of: model, on: calibration)) }
            return
        }
        let student = try model.pruned(to: sizes, by: Importance(of: model, on: calibration))
        let kept = student.plan?.heads?.first
        #expect(kept?.keyValues == Array(1..<attention.keyValueHeadCount))
        #expect(kept?.queries == Array(group..<attention.headCount))
        expectClose(student.logits(), model.logits(), within: 1e-5)
    }

    @Test(
        "loses nothing but the norms' scale with channels that stay zero",
        arguments: ["llama", "llama_gqa_tied"])
    func silentWidth(name: String) throws {
        let golden = try test.model(Self.fixture(name))
        let width = golden.description.hiddenSize
        let heads = golden.description.layers[0].attention.headCount
        let silent = Set((0..<heads).map { $0 * 2 + 1 })
        func scaled(_ factor: Float, to folder: String) throws -> Model {
            try test.changed(golden, to: folder) { name, row, column, value in
                if name.contains("norm") { return value * factor }
                if name.contains("o_proj") || name.contains("down_proj") {
                    return silent.contains(row) ? 0 : value
                }
                return name.contains("embed_tokens") && silent.contains(column) ? 0 : value
            }
        }
        var sizes = StudentSizes()
        sizes.hidden = width - heads
        // The mean square of fewer channels is larger by as much as there are fewer.
        let factor = (Float(width) / Float(width - heads)).squareRoot()
        let model = try scaled(factor, to: "scaled")
        let student = try model.pruned(to: sizes, by: Importance(of: model, on: calibration))
        #expect(student.plan?.hidden == (0..<width).filter { !silent.contains($0) })
        expectClose(student.logits(), try scaled(1, to: "plain").logits(), within: 2e-4)
    }

    @Test(
        "keeps whole groups of heads, the same number in each",
        arguments: [
            (1, 2, KeptHeads(queries: [1, 5], keyValues: [0, 2])),
            (1, 3, KeptHeads(queries: [1, 2, 5], keyValues: [0, 1, 2])),
            (2, 1, KeptHeads(queries: [4, 5], keyValues: [2])),
            (2, 2, KeptHeads(queries: [0, 1, 4, 5], keyValues: [0, 2])),
        ])
    func groups(each: Int, groups: Int, kept: KeptHeads) {
        let heads = StudentPlan.heads(
            [1, 5, 3, 2, 4, 6], size: 2, groups: groups, each: each)
        #expect(heads == kept)
    }

    @Test("of equal importance keeps what comes first")
    func ties() { #expect([2.0, 1, 2, 2, 0].largest(2) == [0, 2]) }

    @Test(
        "is refused where its sizes cannot be",
        arguments: [
            (32, 4, 2, 48, nil), (64, nil, nil, nil, "channels of the residual stream"),
            (0, nil, nil, nil, "channels of the residual stream"),
            (nil, 0, nil, nil, "0 heads"), (nil, 5, nil, nil, "5 heads"),
            (nil, 3, nil, nil, "3 heads are not whole groups of 2"), (nil, 2, nil, nil, nil),
            (nil, 3, 2, nil, "3 heads cannot share 2"), (nil, nil, 3, nil, "3 key and value heads"),
            (nil, 4, 1, nil, "4 heads cannot share 1"), (nil, nil, nil, 100_000, "feed-forward"),
            (31, nil, nil, nil, "no multiple"),
        ] as [(Int?, Int?, Int?, Int?, String?)])
    func refused(_ hidden: Int?, _ heads: Int?, _ groups: Int?, _ inner: Int?, _ part: String?)
        throws
    {
        // 32 wide, 4 heads in 2 groups.
        let model = try test.model(Self.fixture("llama_gqa_tied"))
        var sizes = StudentSizes()
        (sizes.hidden, sizes.heads, sizes.keyValueHeads, sizes.inner) = (
            hidden, heads, groups, inner
        )
        do {
            _ = try model.pruned(to: sizes, by: Importance(of: model, on: calibration))
            #expect(part == nil)
        } catch let error as StudentError {
            #expect("\(error)".contains(try #require(part)) && "\(error)".hasPrefix(model.path))
        }
    }

    @Test("needs data to measure, a whole model, and no adapter")
    func needs() throws {
        let model = try test.model(Self.fixture("llama"))
        var sizes = StudentSizes()
        sizes.inner = 3
        #expect(throws: StudentError.noCalibration(path: model.path)) {
            try model.pruned(to: sizes)
        }
        #expect(throws: StudentError.isStudent(path: model.path)) {
            try model.keeping(.first(1)).pruned(keeping: .first(1))
        }
        var configuration = AdapterConfiguration()
        configuration.rank = 1
        try model.decoder.addAdapter(configuration, seed: 1, source: "test")
        #expect(throws: StudentError.hasAdapter(path: model.path)) {
            try model.keeping(.first(1))
        }
    }
}
