import RetortFiles
import RetortKernels
import RetortModels
import RetortTensor
import Testing

@testable import RetortTraining

@Suite("Training session")
struct TrainingSessionTests {
    private func makeSession(
        _ sizes: TinyModel = TinyModel(), _ precision: Precision = .float32, threads: Int = 2,
        _ change: (inout Recipe) -> Void = { _ in }
    ) throws -> TrainingSession {
        let folder = try TestFolder()
        let path = try folder.writeModel(sizes)
        let kernels = try #require(Kernels(threads: threads))
        var recipe = Recipe()
        change(&recipe)
        return try TrainingSession(
            recipe, model: try Model(path, kernels: kernels, precision: precision))
    }

    private func adapter(rank: Int, dropout: Double = 0) -> AdapterRecipe {
        var adapter = AdapterRecipe()
        adapter.rank = rank
        adapter.alpha = Double(2 * rank)
        adapter.dropout = dropout
        return adapter
    }

    private let batches = [Batch(examples([9, 30, 3], vocabulary: 101))]

    private func bits(_ session: TrainingSession) -> [[UInt32]] {
        session.parameters.map { $0.value.values.map(\.bitPattern) }
    }

    /// B is zero at first; this makes it anything else.
    private func fill(_ session: TrainingSession) {
        for (number, parameter) in session.parameters.enumerated() {
            let stream = RandomStream(seed: 8, .initialization)[number]
            for row in 0..<parameter.value.rowCount {
                for column in 0..<parameter.value.columnCount {
                    parameter.value[row, column] = Float(
                        0.05 * stream.normal(row * parameter.value.columnCount + column))
                }
            }
        }
    }

    @Test(
        "gradients are slopes of the loss, at sizes that are multiples of nothing",
        arguments: [1, 3, 5, 16])
    func slopes(rank: Int) throws {
        let session = try makeSession { $0.adapter = adapter(rank: rank, dropout: 0.25) }
        fill(session)
        // The same step number draws the same dropout.
        func loss() throws -> Double { try session.step(3, batches, rate: 0).loss }
        session.optimizer.updateCount = 0
        _ = try loss()
        let gradients = session.parameters.map { $0.slot.gradient?.values ?? [] }
        for (parameter, gradient) in zip(session.parameters, gradients) {
            let size = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            try #require(size > 0, "\(parameter.name)")
            // Along the gradient itself the slope is its norm.
            let step = 0.01, own = parameter.value.values
            func move(_ by: Double) throws -> Double {
                for index in own.indices {
                    parameter.value[
                        index / parameter.value.columnCount, index % parameter.value.columnCount] =
                        own[index] + Float(by * Double(gradient[index]) / size)
                }
                return try loss()
            }
            let slope = (try move(step) - move(-step)) / (2 * step)
            _ = try move(0)
            // f32 losses of about 5: their rounding over the step.
            #expect(abs(slope - size) <= 0.01 * size + 1e-3, "\(parameter.name): \(slope), \(size)")
        }
    }

    @Test(
        "bfloat16 with odd ranks, vocabularies and lengths stays near float32",
        arguments: [1, 3, 8])
    func oddBFloat16(rank: Int) throws {
        var found: [[Double]] = [], norms: [Double] = []
        for precision in [Precision.float32, .bfloat16] {
            let session = try makeSession(TinyModel(hidden: 38, inner: 50), precision) {
                $0.adapter = adapter(rank: rank)
            }
            fill(session)
            let result = try session.step(0, batches, rate: 0)
            norms.append(result.gradientNorm)
            found.append(
                [result.loss]
                    + session.parameters.flatMap {
                        ($0.slot.gradient?.values ?? []).map { Double($0) }
                    })
        }
        let difference = zip(found[0], found[1]).map { $0 - $1 }
        let size = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(difference[0]) < 0.03)
        #expect(size < 0.06 * norms[0])
    }

    @Test(
        "a width that bfloat16 cannot have is refused, or computed in float32 where that is left open"
    )
    func oddWidth() throws {
        let sizes = TinyModel(hidden: 37, inner: 50)
        #expect(throws: ModelError.self) { try makeSession(sizes, .bfloat16) }
        let session = try makeSession(sizes, .auto) { $0.adapter = adapter(rank: 2) }
        #expect(session.model.decoder.workspace.activationType == .float32)
        #expect(try session.step(0, batches, rate: 1e-3).loss.isFinite)
    }

    @Test("cutting a step into micro-batches changes it by rounding alone")
    func accumulation() throws {
        let all = examples([9, 30, 3, 17, 2], vocabulary: 101)
        var results: [TrainingSession.StepResult] = []
        var weights: [[Float]] = []
        for cuts in [[0..<5], [0..<1, 1..<3, 3..<5], [0..<1, 1..<2, 2..<3, 3..<4, 4..<5]] {
            let session = try makeSession { $0.adapter = adapter(rank: 4) }
            fill(session)
            results.append(try session.step(0, cuts.map { Batch(all[$0]) }, rate: 0))
            weights.append(session.parameters.flatMap { $0.slot.gradient?.values ?? [] })
        }
        for index in 1..<3 {
            #expect(abs(results[index].loss - results[0].loss) < 1e-6)
            #expect(abs(results[index].gradientNorm - results[0].gradientNorm) < 1e-5)
            #expect(results[index].supervisedTokens == results[0].supervisedTokens)
            expectNear(weights[index], weights[0], 1e-6, "gradients")
        }
    }

    @Test(
        "the same bits with one, two or three threads, and with layers computed twice",
        arguments: [Precision.float32, .auto], [false, true])
    func reproducible(precision: Precision, isFull: Bool) throws {
        var first: [[UInt32]]?
        for (threads, checkpointing) in [(1, false), (2, true), (3, false)] {
            let session = try makeSession(TinyModel(isTied: isFull), precision, threads: threads) {
                $0.adapter = isFull ? nil : adapter(rank: 5, dropout: 0.1)
                $0.training.gradientCheckpointing = checkpointing
            }
            for step in 0..<3 { _ = try session.step(step, batches, rate: 1e-2) }
            if let first { #expect(bits(session) == first) } else { first = bits(session) }
        }
    }

    @Test("steps take no memory from the system after the second", arguments: [false, true])
    func allocations(isFull: Bool) throws {
        let session = try makeSession(TinyModel(), .auto) {
            $0.adapter = isFull ? nil : adapter(rank: 4, dropout: 0.1)
        }
        for step in 0..<2 { _ = try session.step(step, batches, rate: 1e-3) }
        let pool = session.model.decoder.workspace.pool
        let bytes = pool.reservedBytes
        for step in 2..<6 { _ = try session.step(step, batches, rate: 1e-3) }
        #expect(pool.reservedBytes == bytes)
    }

    @Test("a step without a trained token has no loss and no gradient")
    func unsupervised() throws {
        let session = try makeSession {
            $0.adapter = adapter(rank: 4)
            $0.optimizer.weightDecay = 0
        }
        let before = bits(session)
        let silent = examples([5, 1], vocabulary: 101).map {
            TrainingExample(ids: $0.ids, labels: $0.ids.map { _ in -100 }, line: 1)
        }
        for batches in [[Batch(silent)], [Batch([])], [], [Batch(silent), Batch([])]] {
            let result = try session.step(0, batches, rate: 1e-2)
            #expect(result.loss == 0 && result.gradientNorm == 0 && result.supervisedTokens == 0)
            #expect(bits(session) == before)
        }
        // Beside a batch that has some, it changes nothing.
        let mixed = try session.step(0, [Batch(silent)] + self.batches, rate: 0)
        #expect(mixed.loss == (try session.step(0, self.batches, rate: 0)).loss)
    }

    @Test("one token alone can be read and predicts nothing")
    func singleToken() throws {
        let session = try makeSession { $0.adapter = adapter(rank: 4) }
        let single = TrainingExample(ids: [7], labels: [7], line: 1)
        #expect(single.supervisedCount == 0)
        let result = try session.step(0, [Batch([single])] + batches, rate: 1e-3)
        #expect(result.tokens == 43 && result.loss.isFinite)
    }

    @Test(
        "a loss that is no number stops the run and leaves the weights",
        arguments: [Float.nan, .infinity, 1e30])
    func notFinite(value: Float) throws {
        let session = try makeSession { $0.adapter = adapter(rank: 4) }
        fill(session)
        session.parameters[1].value[0, 0] = value
        let before = bits(session)
        var failure: TrainingError?
        do { _ = try session.step(6, batches, rate: 1e-2) } catch let error as TrainingError {
            failure = error
        }
        if value == 1e30 {
            // Attention with scores of 1e30 is still attention: finite, or refused.
            if failure == nil { return }
        }
        guard case .notFinite(step: 7, _) = failure else {
            Issue.record("\(value) gives \(String(describing: failure))")
            return
        }
        #expect(bits(session) == before)
    }

    @Test("validation is the mean over trained tokens, however examples are lined up")
    func meanLoss() throws {
        let session = try makeSession { $0.adapter = adapter(rank: 4) }
        fill(session)
        let all = examples([9, 30, 3, 17, 2], vocabulary: 101)
        let wanted = try session.step(0, [Batch(all)], rate: 0).loss
        for tokens in [1, 20, 35, 1000] {
            let loss = MeanLoss(session.model).measure(all, tokensAtOnce: tokens)
            #expect(abs(loss - wanted) < 1e-6)
        }
        #expect(MeanLoss(session.model).measure([], tokensAtOnce: 10) == 0)
    }

    @Test("clipping bounds the gradient by its norm over all parameters")
    func clipping() throws {
        func moved(_ limit: Double?) throws -> (norm: Double, distance: Double) {
            let session = try makeSession {
                $0.adapter = adapter(rank: 4)
                $0.optimizer.name = .sgd
                $0.optimizer.weightDecay = 0
                $0.training.maxGradNorm = limit
            }
            fill(session)
            let before = session.parameters.flatMap(\.value.values)
            let norm = try session.step(0, batches, rate: 1).gradientNorm
            let after = session.parameters.flatMap(\.value.values)
            let square = zip(before, after).reduce(0.0) {
                $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
            }
            return (norm, square.squareRoot())
        }
        let free = try moved(nil)
        #expect(abs(free.distance - free.norm) < 1e-4 * free.norm)
        let clipped = try moved(0.25)
        #expect(clipped.norm == free.norm && abs(clipped.distance - 0.25) < 1e-4)
        let unreached = try moved(1e6)
        #expect(abs(unreached.distance - free.distance) < 1e-5 * free.distance)
    }
}
