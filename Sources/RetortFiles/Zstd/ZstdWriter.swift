import CZstd

/// Compresses what it is given into a file of one zstd frame with content size and checksum.
///
/// Only a buffer is held, never the content. Nothing appears at the path before ``finish()``.
/// Source: RFC 8878; `zstd -d` gives the content back.
public struct ZstdWriter: ByteSink, ~Copyable {
    /// The level of the `zstd` command's default.
    public static let defaultLevel = 3

    private let path: String
    private let compressor: Compressor
    private var file: AtomicFile
    private var buffer = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
    private let contentSize: Int
    private var contentByteCount = 0

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: Where it will appear.
    ///   - contentSize: How many bytes will be written.
    ///   - level: From 1 (fast) to 19 (small).
    ///   - hashing: Whether ``finish()`` gives the SHA-256 of the compressed file.
    /// - Throws: ``FileError``, ``ZstdError``.
    public init(
        _ path: String, contentSize: Int, level: Int = defaultLevel, hashing: Bool = true
    ) throws {
        let compressor = try Compressor(path: path, contentSize: contentSize, level: level)
        let file = try AtomicFile(path, hashing: hashing)
        self.path = path
        self.contentSize = contentSize
        self.compressor = compressor
        self.file = file
    }

    /// Compresses bytes.
    ///
    /// - Parameter bytes: The next bytes of the content.
    /// - Throws: ``FileError``, ``ZstdError``.
    public mutating func write(_ bytes: RawSpan) throws {
        contentByteCount += bytes.byteCount
        guard contentByteCount <= contentSize else {
            throw ZstdError.wrongSize(path: path, promised: contentSize, found: contentByteCount)
        }
        var consumed = 0
        while consumed < bytes.byteCount {
            let (read, written, _) = try compressor.step(
                bytes.extracting(consumed...), into: &buffer, isLast: false, path: path)
            consumed += read
            try Self.flush(written, of: buffer, to: &file)
        }
    }

    /// Ends the frame and puts the file in place.
    ///
    /// - Returns: What was written.
    /// - Throws: ``FileError``, ``ZstdError``.
    public consuming func finish() throws -> WrittenFile {
        guard contentByteCount == contentSize else {
            throw ZstdError.wrongSize(path: path, promised: contentSize, found: contentByteCount)
        }
        let nothing: [UInt8] = []
        var left = 1
        while left > 0 {
            let step = unsafe try compressor.step(
                nothing.span.bytes, into: &buffer, isLast: true, path: path)
            left = step.left
            try Self.flush(step.written, of: buffer, to: &file)
        }
        var result = try file.finish()
        result.contentByteCount = contentByteCount
        return result
    }

    private static func flush(
        _ count: Int, of buffer: [UInt8], to file: inout AtomicFile
    ) throws {
        guard count > 0 else { return }
        unsafe try file.write(buffer.span.bytes.extracting(0..<count))
    }
}

/// The owner of a compression context.
///
/// Not private: where a generic writer is specialized in another module, its layout must be known.
@safe
package struct Compressor: ~Copyable {
    private let context: OpaquePointer

    init(path: String, contentSize: Int, level: Int) throws(ZstdError) {
        guard let context = unsafe ZSTD_createCCtx() else {
            throw .failed(path: path, reason: "no memory")
        }
        unsafe self.context = context
        // Out of range values are clamped to legal ones, so none of these can fail.
        _ = unsafe ZSTD_CCtx_setParameter(
            context, ZSTD_c_compressionLevel, Int32(clamping: min(max(level, 1), 19)))
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        _ = unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(max(contentSize, 0)))
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Compresses some of the input into the buffer; `left` is what the frame's end still needs.
    func step(
        _ input: RawSpan, into buffer: inout [UInt8], isLast: Bool, path: String
    ) throws(ZstdError) -> (read: Int, written: Int, left: Int) {
        let (code, read, written) = unsafe input.withUnsafeBytes { input in
            unsafe buffer.withUnsafeMutableBytes { output in
                var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var to = unsafe ZSTD_outBuffer(
                    dst: output.baseAddress, size: output.count, pos: 0)
                let mode = isLast ? ZSTD_e_end : ZSTD_e_continue
                let code = unsafe ZSTD_compressStream2(context, &to, &from, mode)
                return unsafe (code, from.pos, to.pos)
            }
        }
        guard ZSTD_isError(code) == 0 else { throw .failed(path: path, reason: zstdReason(code)) }
        return (read, written, code)
    }
}

/// What zstd says about an error code.
func zstdReason(_ code: Int) -> String {
    guard let text = unsafe ZSTD_getErrorName(code) else { return "unknown error" }
    return unsafe String(cString: text)
}
