import Foundation
import RetortFiles
import RetortKernels
import RetortTensor
import Testing

@testable import RetortModels

/// A model whose documents have 1 to 24 tokens.
private func llama(_ precision: Precision = .float32) throws -> Model {
    try ModelGolden(path: ExportCase.fixtures + "/models/llama_gqa_tied").model(precision)
}

/// Documents one after another, every token supervised.
private func batch(_ documents: [[Int32]]) -> GoldenBatch { GoldenBatch(documents) }

extension GoldenBatch {
    fileprivate init(_ documents: [[Int32]]) {
        for document in documents {
            let start = ids.count
            ids += document
            labels += document.dropFirst() + [-100]
            layout.positions += document.indices.map { Int32($0) }
            layout.documents.append(start..<ids.count)
        }
        places = Array(ids.indices)
    }
}

/// Documents of some lengths.
private func documents(_ lengths: [Int]) -> [[Int32]] {
    lengths.enumerated().map { number, length in
        (0..<length).map { Int32((number * 31 + $0 * 17 + $0 * $0) % 95 + 1) }
    }
}

private func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }

@Suite("Decoder")
struct DecoderTests {
    private static let lengths = [24, 1, 9, 2, 60]

    @Test(
        "documents side by side have the bits of each alone", arguments: [Precision.float32, .auto])
    func alone(precision: Precision) throws {
        let decoder = try llama(precision).decoder, all = documents(Self.lengths)
        let together = decoder.hidden(batch(all)).values
        var row = 0
        for document in all {
            let own = decoder.hidden(batch([document])).values
            let width = decoder.description.hiddenSize
            #expect(bits(own) == bits(together[row * width..<(row + document.count) * width]))
            row += document.count
        }
    }

    @Test("every number of threads gives the same bits", arguments: [Precision.float32, .auto])
    func threads(precision: Precision) throws {
        let path = ExportCase.fixtures + "/models/llama_gqa_tied"
        let all = batch(documents(Self.lengths))
        var first: [String: [UInt32]] = [:]
        for threads in 1...3 {
            let kernels = try #require(Kernels(threads: threads))
            let decoder = try Model(path, kernels: kernels, precision: precision).decoder
            let gradients = decoder.gradients(all, decoder.trainAllWeights()).gradients
                .mapValues { bits($0) }
            if threads == 1 { first = gradients } else { #expect(gradients == first) }
        }
    }

    @Test("splitting a batch changes gradients by rounding alone")
    func splitting() throws {
        let decoder = try llama().decoder, all = documents(Self.lengths)
        let parameters = decoder.trainAllWeights()
        let whole = batch(all)
        let together = decoder.gradients(whole, parameters)
        var loss: Float = 0
        var sums: [String: [Float]] = [:]
        for document in all {
            let part = decoder.gradients(
                batch([document]), parameters, supervised: whole.supervisedCount)
            loss += part.loss
            sums.merge(part.gradients) { zip($0, $1).map { $0 + $1 } }
        }
        expectClose([loss], [together.loss], within: 2e-6)
        for (name, gradient) in together.gradients {
            expectGradient(sums[name], gradient, norm: 5e-6, largest: 5e-6, name)
        }
    }

    @Test("computing layers twice gives the same bits", arguments: [Precision.float32, .auto])
    func checkpointing(precision: Precision) throws {
        let decoder = try llama(precision).decoder, all = batch(documents(Self.lengths))
        let parameters = decoder.trainAllWeights()
        let plain = decoder.gradients(all, parameters)
        let twice = decoder.gradients(all, parameters, checkpointing: true)
        #expect(plain.loss.bitPattern == twice.loss.bitPattern)
        #expect(plain.gradients.mapValues { bits($0) } == twice.gradients.mapValues { bits($0) })
    }

    @Test("bfloat16 stays near float32")
    func bfloat16() throws {
        let all = batch(documents(Self.lengths))
        let exact = try llama().decoder, half = try llama(.bfloat16).decoder
        #expect(half.workspace.activationType == .bfloat16)
        let wanted = exact.gradients(all, exact.trainAllWeights())
        let found = half.gradients(all, half.trainAllWeights())
        expectClose([found.loss], [wanted.loss], within: 0.02)
        for (name, gradient) in wanted.gradients {
            // Eight bits in every operand; what the softmax lets through is a difference of such sums.
            expectGradient(found.gradients[name], gradient, norm: 0.08, largest: 0.15, name)
        }
    }

    @Test("a document of one token, and a batch without any label, have gradients of zero")
    func unsupervised() throws {
        let decoder = try llama().decoder
        let parameters = decoder.trainAllWeights()
        var silent = batch(documents([5, 7]))
        silent.labels = silent.labels.map { _ in -100 }
        for batch in [batch(documents([1])), silent] {
            let result = decoder.gradients(batch, parameters, supervised: 1)
            #expect(result.loss == 0)
            #expect(result.gradients.values.allSatisfy { $0.allSatisfy { $0 == 0 } })
        }
    }
}

@Suite("Cache")
struct KeyValueCacheTests {
    /// Feeds tokens in pieces and returns the hidden states of all.
    private func feed(
        _ decoder: Decoder, _ cache: KeyValueCache, _ pieces: [[[Int32]]]
    ) -> [[Float]] {
        var results = [[Float]](repeating: [], count: cache.lengths.count)
        for piece in pieces {
            var layout = TokenLayout(positions: [], documents: [])
            for (sequence, tokens) in piece.enumerated() {
                let start = layout.positions.count, before = cache.lengths[sequence]
                layout.positions += tokens.indices.map { Int32(before + $0) }
                layout.documents.append(start..<start + tokens.count)
            }
            cache.reserve(piece.map(\.count).max() ?? 0)
            let hidden = decoder.hiddenStates(
                piece.flatMap { $0 }, ForwardContext(layout: layout, cache: cache),
                on: Tape(decoder.workspace, isRecording: false)
            ).value
            let width = hidden.columnCount
            for (sequence, document) in layout.documents.enumerated() {
                results[sequence] +=
                    hidden.values[
                        document.lowerBound * width..<document.upperBound * width]
            }
        }
        return results
    }

    @Test(
        "pieces of any size give what the whole gives",
        arguments: [
            "llama_gqa_tied", "llama_yarn", "llama_bias",
        ], [Precision.float32, .auto])
    func pieces(name: String, precision: Precision) throws {
        let golden = ModelGolden(path: "\(ExportCase.fixtures)/models/\(name)")
        let decoder = try golden.model(precision).decoder
        let texts = documents([40, 23])
        let whole = decoder.hidden(GoldenBatch(texts)).values
        // The second sequence begins late and rests now and then; the cache starts small and grows.
        let cache = KeyValueCache(
            decoder.description, sequences: 2, capacity: 1, in: decoder.workspace)
        let (a, b) = (texts[0], texts[1])
        let found = feed(
            decoder, cache,
            [
                [Array(a[..<7]), []], [Array(a[7..<8]), Array(b[..<5])], [Array(a[8..<31]), []],
                [[], Array(b[5..<6])], [Array(a[31..<32]), Array(b[6..<22])],
                [Array(a[32...]), Array(b[22...])],
            ])
        #expect(cache.lengths == [40, 23])
        let tolerance = precision == .float32 ? try golden.tolerance("hidden_abs") : 0.1
        expectClose(found[0] + found[1], whole, within: tolerance)
    }
}

@Suite("Generation")
struct GeneratorTests {
    @Test("sequences side by side are continued as each alone")
    func together() throws {
        let generator = Generator(try llama())
        var options = Generator.Options()
        options.maximumTokens = 24
        let prompts = documents([11, 1, 5, 30])
        for temperature in [0.0, 1.0] {
            options.sampling.temperature = temperature
            options.sampling.seed = 4
            let all = try generator.generate(prompts, options)
            #expect(all.allSatisfy { $0.count == 24 })
            if temperature == 0 {
                for (prompt, result) in zip(prompts, all) {
                    #expect(try generator.generate([prompt], options) == [result])
                }
            }
            #expect(try generator.generate(prompts, options) == all)
        }
    }

    @Test("ends at end tokens, at the caller's word, and at the limit")
    func ends() throws {
        let generator = Generator(try llama())
        let prompt = documents([11])
        var options = Generator.Options()
        options.maximumTokens = 12
        let free = try generator.generate(prompt, options)[0]
        let end = try #require(free.dropFirst(3).first)
        let before = try #require(free.firstIndex(of: end))
        var stopped = options
        stopped.endTokens = [end]
        #expect(try generator.generate(prompt, stopped) == [Array(free[..<before])])
        var seen = 0
        let cut = try generator.generate(prompt, options) { _, _ in
            seen += 1
            return seen < 5
        }
        #expect(cut == [Array(free[..<5])])
        options.maximumTokens = 0
        #expect(try generator.generate(prompt, options) == [[]])
        #expect(try generator.generate([], options) == [])
        options.maximumTokens = 2
        #expect(try generator.generate([[], prompt[0]], options) == [[], Array(free[..<2])])
    }

    @Test("prompts in bytes change nothing where weights are no blocks")
    func bytes() throws {
        let generator = Generator(try llama())
        var options = Generator.Options()
        options.maximumTokens = 8
        let plain = try generator.generate(documents([11, 30]), options)
        options.roundsPromptsToBytes = true
        #expect(try generator.generate(documents([11, 30]), options) == plain)
    }

    @Test("a huge limit needs no memory before it is reached")
    func hugeLimit() throws {
        let model = try llama()
        var options = Generator.Options()
        options.maximumTokens = Int.max
        var count = 0
        let found = try Generator(model).generate(documents([3]), options) { _, _ in
            count += 1
            return count < 600
        }
        #expect(found[0].count == 600)
        #expect(model.decoder.workspace.pool.reservedBytes < 64 << 20)
    }

    @Test("refuses ids that the model has not")
    func outside() throws {
        let model = try llama()
        for id in [Int32(model.description.vocabularySize), -1, .max, .min] {
            #expect(
                throws: GenerationError.idOutside(
                    path: model.path, id: Int(id), vocabulary: model.description.vocabularySize)
            ) {
                try Generator(model).generate([[1], [2, id]], Generator.Options())
            }
        }
    }

    @Test("says so when logits are no numbers", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) throws {
        let model = try llama()
        let parameters = model.decoder.trainAllWeights()
        let norm = try #require(parameters.first { $0.name == "model.norm.weight" })
        norm.value[0, 3] = value
        #expect(throws: GenerationError.notFinite(path: model.path)) {
            try Generator(model).generate([[1, 2]], Generator.Options())
        }
    }
}

@Suite("Sampling")
struct SamplingTests {
    private let logits: [Float] = [1, 3, 2, 3, -5, 0]

    /// How often each token is chosen, over evenly spread random numbers.
    private func shares(_ sampling: Sampling, history: [Int32] = []) -> [Double] {
        var counts = [Double](repeating: 0, count: logits.count)
        for index in 0..<10_000 {
            counts[
                sampling.choose(logits, history: history, random: (Double(index) + 0.5) / 10_000)
            ] += 1e-4
        }
        return counts
    }

    private func softmax(_ logits: [Double]) -> [Double] {
        let sum = logits.reduce(0) { $0 + exp($1) }
        return logits.map { exp($0) / sum }
    }

    private func expectShares(
        _ found: [Double], _ wanted: [Double], location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            zip(found, wanted).allSatisfy { abs($0 - $1) < 3e-4 }, "\(found) \(wanted)",
            sourceLocation: location)
    }

    @Test("takes the likeliest, of equals the first")
    func greedy() {
        #expect(Sampling().choose(logits, history: [], random: 0.99) == 1)
        #expect(Sampling().choose([2], history: [], random: 0) == 0)
    }

    @Test("draws with the probabilities of the softmax at a temperature", arguments: [0.5, 1, 3])
    func temperature(temperature: Double) {
        var sampling = Sampling()
        sampling.temperature = temperature
        expectShares(shares(sampling), softmax(logits.map { Double($0) / temperature }))
    }

    @Test("keeps the likeliest of topK, topP and minP")
    func filters() {
        var sampling = Sampling()
        sampling.temperature = 1
        sampling.topK = 3
        let three = softmax([-.infinity, 3, 2, 3, -.infinity, -.infinity])
        expectShares(shares(sampling), three)
        sampling.topK = 0
        #expect(shares(sampling)[1] > 0.999)
        sampling.topK = nil
        // The first two have 0.39 each, the third 0.14.
        sampling.topP = 0.5
        expectShares(shares(sampling), [0, 0.5, 0, 0.5, 0, 0])
        sampling.topP = 0.8
        expectShares(shares(sampling), three)
        sampling.topP = 0
        #expect(shares(sampling)[1] > 0.999)
        sampling.topP = 1
        sampling.minP = 0.3
        expectShares(shares(sampling), three)
    }

    @Test("makes tokens that were there less likely")
    func repetition() {
        var sampling = Sampling()
        sampling.repetitionPenalty = 2
        #expect(sampling.choose(logits, history: [1], random: 0) == 3)
        #expect(sampling.choose([-1, -1.5], history: [0, 0, 0], random: 0) == 1)
        sampling.temperature = 1
        expectShares(shares(sampling, history: [1, 4]), softmax([1, 1.5, 2, 3, -10, 0]))
    }

    @Test("a temperature near zero is greedy, not NaN")
    func coldest() {
        var sampling = Sampling()
        sampling.temperature = .leastNonzeroMagnitude
        #expect(sampling.choose([1, 2, 3], history: [], random: 0.5) == 2)
    }
}
