#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import RetortFiles
import RetortKernels
import RetortModels
import RetortText
import Synchronization

/// Speed of turning a file's text into token ids.
public struct TokenizerBenchmark: Sendable {
    /// What one call of the tokenizer is given; lines of a `.jsonl` file are objects whose `text`, or
    /// `question` and `answer`, are given one by one.
    public enum Unit: String, Sendable, CaseIterable {
        /// The whole file.
        case file
        /// A line with its line feed.
        case line
        /// A paragraph: what stands between empty lines.
        case record
    }

    /// What one call is given.
    public var unit = Unit.record
    /// Threads that share out the texts.
    public var threads = 1
    /// Repeats, each with a tokenizer that has seen nothing yet.
    public var repeats = 5

    /// Creates the usual benchmark.
    public init() {}

    /// What came out; times are those of the median repeat.
    public struct Result: Sendable {
        /// What one call was given.
        public var unit: Unit
        /// Threads that worked.
        public var threads: Int
        /// Texts of a repeat.
        public var texts: Int
        /// Their UTF-8 bytes.
        public var bytes: Int
        /// Their tokens.
        public var tokens: Int
        /// CRC-32 of all ids in order, each in four bytes, the lowest first.
        public var checksum: UInt32
        /// Times of the repeats.
        public var repeatSeconds: [Double]
        /// Processor time of all threads.
        public var cpuSeconds: Double
        /// Time of opening the tokenizer.
        public var loadSeconds: Double

        /// Time of the texts.
        public var seconds: Double { median(repeatSeconds) }
        /// Millions of bytes per second.
        public var megabytesPerSecond: Double { Double(bytes) / seconds / 1e6 }
        /// Tokens per second.
        public var tokensPerSecond: Double { Double(tokens) / seconds }
        /// The checksum in eight digits.
        public var checksumText: String {
            let digits = String(checksum, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }

        /// The result as one line of JSON.
        public var json: JSONValue {
            .object(
                JSONObject([
                    ("mb_per_second", .number(megabytesPerSecond)),
                    ("tokens_per_second", .number(tokensPerSecond)), ("tokens", .integer(tokens)),
                    ("bytes", .integer(bytes)), ("texts", .integer(texts)),
                    ("unit", .string(unit.rawValue)), ("crc32", .string(checksumText)),
                    ("seconds", .array(repeatSeconds.map(JSONValue.number))),
                    ("cpu_seconds", .number(cpuSeconds)), ("load_seconds", .number(loadSeconds)),
                    ("threads", .integer(threads)),
                ]))
        }
    }

    /// Runs the benchmark.
    ///
    /// - Parameters:
    ///   - path: Text in UTF-8, or objects one a line where the name ends in `.jsonl`.
    ///   - model: A model, or a `tokenizer.json` file alone.
    /// - Returns: Speed and sums.
    /// - Throws: ``RowError`` and the errors of files and tokenizers.
    public func run(_ path: String, model: String) throws -> Result {
        let isRows = path.hasSuffix(".jsonl")
        let texts = try isRows ? Self.rows(of: path) : texts(of: path)
        let pool = ThreadPool(count: threads)
        let clock = ContinuousClock()
        var seconds: [Double] = [], loads: [Double] = [], cpu: [Double] = []
        var ids: [[Int]] = []
        for _ in 0..<max(1, repeats) {
            let start = clock.now
            let tokenizer = try Tokenizer(atPath: model)
            let loaded = clock.now, cpuBefore = processorSeconds()
            ids = try encoded(texts, tokenizer, on: pool)
            seconds.append((clock.now - loaded).seconds)
            cpu.append(processorSeconds() - cpuBefore)
            loads.append((loaded - start).seconds)
        }
        var sum = CRC32()
        for id in ids.joined() { sum.update(littleEndian: UInt32(truncatingIfNeeded: id)) }
        return Result(
            unit: isRows ? .record : unit, threads: threads, texts: texts.count,
            bytes: texts.reduce(0) { $0 + $1.utf8.count }, tokens: ids.reduce(0) { $0 + $1.count },
            checksum: sum.value, repeatSeconds: seconds, cpuSeconds: median(cpu),
            loadSeconds: median(loads))
    }

    /// The ids of every text, whatever thread takes it.
    private func encoded(
        _ texts: [String], _ tokenizer: Tokenizer, on pool: ThreadPool
    ) throws -> [[Int]] {
        let textsOfPart = 64, parts = (texts.count + textsOfPart - 1) / textsOfPart
        let done = Mutex((ids: [[[Int]]](repeating: [], count: parts), failure: (any Error)?.none))
        pool.run(parts) { part, _ in
            let range = part * textsOfPart..<min(texts.count, (part + 1) * textsOfPart)
            do {
                let ids = try texts[range].map {
                    try tokenizer.encode($0, addSpecialTokens: false)
                }
                done.withLock { $0.ids[part] = ids }
            } catch {
                done.withLock { $0.failure = $0.failure ?? error }
            }
        }
        return try done.withLock { done in
            if let failure = done.failure { throw failure }
            return done.ids.flatMap { $0 }
        }
    }

    private func texts(of path: String) throws -> [String] {
        let bytes = try MappedFile(path).contents
        let newline = UInt8(ascii: "\n")
        var ranges: [Range<Int>] = []
        switch unit {
        case .file: ranges = [0..<bytes.count]
        case .line:
            var start = 0
            for index in bytes.indices where bytes[index] == newline {
                ranges.append(start..<index + 1)
                start = index + 1
            }
            if start < bytes.count { ranges.append(start..<bytes.count) }
        case .record:
            var start = 0, index = 0
            while index + 1 < bytes.count {
                let isEnd = bytes[index] == newline && bytes[index + 1] == newline
                if isEnd {
                    ranges.append(start..<index)
                    start = index + 2
                }
                index += isEnd ? 2 : 1
            }
            ranges.append(start..<bytes.count)
        }
        return ranges.filter { !$0.isEmpty }.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    private static func rows(of path: String) throws -> [String] {
        let file = try JSONLinesFile(path)
        return try (0..<file.count).flatMap { index in
            let object = try file.object(index)
            let texts = ["text", "question", "answer"].compactMap { object[$0]?.string }
            guard !texts.isEmpty else {
                throw RowError.missing(
                    place: "\(path):\(file.lineNumber(index))", key: "text", what: "a string")
            }
            return texts
        }
    }
}

/// The value in the middle; of an even count the mean of the two there, of none 0.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted(), middle = sorted.count / 2
    if sorted.isEmpty { return 0 }
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// Processor time of this process so far, all its threads.
private func processorSeconds() -> Double {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
