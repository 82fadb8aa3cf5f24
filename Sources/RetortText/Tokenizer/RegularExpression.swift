import COniguruma

/// A regular expression in Ruby's syntax over UTF-8, run by Oniguruma with bounded effort.
///
/// Tokenizer files state their patterns for this engine; another one would split differently.
/// Two expressions are equal when their patterns are.
struct RegularExpression: Sendable, Equatable {
    /// The text that it was compiled from.
    let pattern: String
    private let program: Program

    /// Steps back that one match attempt may take, Oniguruma's own default.
    private static let retryLimit: UInt = 10_000_000
    /// Steps back that the search of one stretch may take, beyond so many for each of its bytes.
    private static let retriesPerByte: UInt = 64
    /// Entries of the backtracking stack, about 250 MB.
    private static let stackLimit: UInt32 = 8_000_000

    /// Compiles a pattern.
    ///
    /// - Throws: ``RegularExpressionError/malformed(pattern:reason:)``.
    init(_ pattern: String) throws(RegularExpressionError) {
        self.pattern = pattern
        program = try Program(pattern)
    }

    static func == (left: Self, right: Self) -> Bool {
        left.pattern.utf8.elementsEqual(right.pattern.utf8)
    }

    /// Calls `body` for the matches and the stretches between them, in order and without gaps.
    ///
    /// Each range is searched as if it were a text of its own: anchors and look-around do not see
    /// beyond it. An empty match right behind another match is passed over.
    ///
    /// - Throws: ``RegularExpressionError/tooMuchEffort(pattern:)``.
    func cut(
        _ bytes: [UInt8], _ ranges: some Sequence<Range<Int>>,
        _ body: (_ piece: Range<Int>, _ isMatch: Bool, _ isLast: Bool) -> Void
    ) throws(RegularExpressionError) {
        guard let region = unsafe onig_region_new(), let limits = unsafe onig_new_match_param()
        else {
            throw .tooMuchEffort(pattern: pattern)
        }
        defer {
            unsafe onig_region_free(region, 1)
            unsafe onig_free_match_param(limits)
        }
        unsafe onig_initialize_match_param(limits)
        unsafe onig_set_retry_limit_in_match_of_match_param(limits, Self.retryLimit)
        unsafe onig_set_match_stack_limit_size_of_match_param(limits, Self.stackLimit)

        let succeeded = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            for range in ranges where !range.isEmpty {
                unsafe onig_set_retry_limit_in_search_of_match_param(
                    limits, Self.retryLimit + Self.retriesPerByte * UInt(range.count))
                var search = unsafe Search(
                    program: program.regex, start: base + range.lowerBound, count: range.count,
                    region: region, limits: limits)
                var done = 0
                while let match = search.next() {
                    if done < match.lowerBound {
                        body(
                            range.lowerBound + done..<range.lowerBound + match.lowerBound, false,
                            false)
                    }
                    done = match.upperBound
                    let isLast = done == range.count
                    body(
                        range.lowerBound + match.lowerBound..<range.lowerBound + done, true, isLast)
                }
                if search.failed { return false }
                if done < range.count {
                    body(range.lowerBound + done..<range.upperBound, false, true)
                }
            }
            return true
        }
        if !succeeded { throw .tooMuchEffort(pattern: pattern) }
    }

    /// The code points that have a property such as `Han` or `L`, in order; nil if it is unknown.
    static func codePoints(of property: String) -> [ClosedRange<UInt32>]? {
        var name = property
        return name.withUTF8 { bytes in
            guard let table = unsafe retort_onig_property(bytes.baseAddress, bytes.count) else {
                return nil
            }
            return (0..<Int(unsafe table[0])).map { index in
                unsafe table[2 * index + 1]...max(table[2 * index + 1], table[2 * index + 2])
            }
        }
    }
}

/// Why a regular expression was refused or gave up.
enum RegularExpressionError: Error, Equatable {
    /// The pattern does not compile; the reason is Oniguruma's.
    case malformed(pattern: String, reason: String)
    /// A match needed more steps or memory than any honest pattern does.
    case tooMuchEffort(pattern: String)
    /// Replacing would make a text many times longer.
    case tooLong(byteCount: Int)
}

/// The compiled form, freed with its last user.
///
/// Searching does not change it.
@safe private final class Program: @unchecked Sendable {
    let regex: OnigRegex

    init(_ pattern: String) throws(RegularExpressionError) {
        var message = [UInt8](repeating: 0, count: Int(ONIG_MAX_ERROR_MESSAGE_LEN) + 1)
        var compiled: OnigRegex?
        var text = pattern
        let status = text.withUTF8 { bytes in
            let empty: [UInt8] = [0]
            return unsafe empty.withUnsafeBufferPointer { fallback in
                unsafe retort_onig_compile(
                    &compiled, bytes.baseAddress ?? fallback.baseAddress, bytes.count, &message)
            }
        }
        guard status == ONIG_NORMAL, let compiled = unsafe compiled else {
            let reason = String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
            throw .malformed(pattern: pattern, reason: reason)
        }
        unsafe regex = compiled
    }

    deinit { unsafe onig_free(regex) }
}

/// The matches in one stretch of memory, found one after the other.
@safe private struct Search {
    let program: OnigRegex
    let start: UnsafePointer<UInt8>
    let count: Int
    let region: UnsafeMutablePointer<OnigRegion>
    let limits: OpaquePointer
    var position = 0
    var previousEnd: Int?
    var failed = false

    init(
        program: OnigRegex, start: UnsafePointer<UInt8>, count: Int,
        region: UnsafeMutablePointer<OnigRegion>, limits: OpaquePointer
    ) {
        unsafe self.program = unsafe program
        unsafe self.start = unsafe start
        self.count = count
        unsafe self.region = unsafe region
        unsafe self.limits = unsafe limits
    }

    mutating func next() -> Range<Int>? {
        while position <= count {
            let end = unsafe start + count
            let status = unsafe onig_search_with_param(
                program, start, end, start + position, end, region, ONIG_OPTION_NONE, limits)
            guard status >= 0 else {
                failed = status != ONIG_MISMATCH
                return nil
            }
            let match = Int(unsafe region.pointee.beg[0])..<Int(unsafe region.pointee.end[0])
            if match.isEmpty && previousEnd == match.upperBound {
                position += position < count ? scalarLength(at: position) : 1
                continue
            }
            position = match.upperBound
            previousEnd = match.upperBound
            return match
        }
        return nil
    }

    private func scalarLength(at offset: Int) -> Int {
        switch unsafe start[offset] {
        case 0..<0x80: 1
        case 0x80..<0xe0: 2
        case 0xe0..<0xf0: 3
        default: 4
        }
    }
}
