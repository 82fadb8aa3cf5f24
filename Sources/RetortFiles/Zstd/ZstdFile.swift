import CZstd

/// A zstd file, which is decompressed as a stream and never beyond a limit.
///
/// Several frames one after the other, and skippable frames, are legal. Source: RFC 8878.
public struct ZstdFile: Sendable {
    /// The compressed file.
    public let file: MappedFile

    /// The limit for content of which no size is known.
    public static let defaultLimit = 1 << 30

    /// Opens a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: ``FileError``.
    public init(_ path: String) throws(FileError) { file = try MappedFile(path) }

    /// Decompresses the file piece by piece; memory is bounded by the window (128 MiB at most).
    ///
    /// - Parameters:
    ///   - limit: The most bytes the content may have.
    ///   - body: Gets the pieces in order, and must not keep them.
    /// - Returns: The size of the content.
    /// - Throws: ``ZstdError``, or what the closure throws.
    @discardableResult
    public func forEachPiece(
        limit: Int = defaultLimit, _ body: (RawSpan) throws -> Void
    ) throws -> Int {
        let decompressor = try Decompressor(path: file.path)
        var buffer = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var (position, total, isAtStart) = (0, 0, true)
        while true {
            if isAtStart {
                if position == file.size { break }
                try checkMagic(at: position)
            }
            let step = try decompressor.step(file, from: position, into: &buffer)
            isAtStart = step.isFrameEnd
            guard isAtStart || step.read > 0 || step.written > 0 else {
                throw ZstdError.truncated(path: file.path, byteCount: file.size)
            }
            position += step.read
            total += step.written
            guard total <= limit else { throw ZstdError.tooLarge(path: file.path, limit: limit) }
            if step.written > 0 {
                unsafe try body(buffer.span.bytes.extracting(0..<step.written))
            }
        }
        return total
    }

    /// Decompresses the file into memory.
    ///
    /// - Parameter size: The size that the content must have.
    /// - Returns: The content, called by this file's path in errors.
    /// - Throws: ``ZstdError``, or ``FileError`` if there is no memory.
    public func decompressed(size: Int) throws -> MappedFile {
        unsafe try MappedFile(path: file.path, size: max(size, 0)) { target in
            var position = 0
            try forEachPiece(limit: max(size, 0)) { piece in
                unsafe piece.withUnsafeBytes {
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[position...])
                        .copyMemory(from: $0)
                }
                position += piece.byteCount
            }
            guard position == size else {
                throw ZstdError.wrongSize(path: file.path, promised: size, found: position)
            }
        }
    }

    /// Checks that a frame begins at an offset.
    private func checkMagic(at offset: Int) throws(ZstdError) {
        let found = file.withBytes(offset..<min(offset + 4, file.size)) { bytes in
            (0..<bytes.byteCount).map {
                unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
            }
        }
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        let isFrame = frame.starts(with: found)
        let isSkippable =
            (found.first.map { $0 & 0xf0 == 0x50 } ?? false)
            && [0x2a, 0x4d, 0x18].starts(with: found.dropFirst())
        if isFrame || isSkippable { return }
        throw offset == 0
            ? .notZstd(path: file.path) : .trailing(path: file.path, offset: offset)
    }
}

/// The owner of a decompression context.
@safe
private struct Decompressor: ~Copyable {
    private let context: OpaquePointer

    init(path: String) throws(ZstdError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw .failed(path: path, reason: "no memory")
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Decompresses some of the file into the buffer.
    func step(
        _ file: MappedFile, from position: Int, into buffer: inout [UInt8]
    ) throws(ZstdError) -> (read: Int, written: Int, isFrameEnd: Bool) {
        defer { withExtendedLifetime(file) {} }
        let (code, read, written) = unsafe buffer.withUnsafeMutableBytes { output in
            var from = unsafe ZSTD_inBuffer(
                src: file.bytes.baseAddress, size: file.size, pos: position)
            var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let code = unsafe ZSTD_decompressStream(context, &to, &from)
            return unsafe (code, from.pos - position, to.pos)
        }
        guard ZSTD_isError(code) == 0 else {
            throw Self.error(code, path: file.path, offset: position)
        }
        return (read, written, code == 0)
    }

    private static func error(_ code: Int, path: String, offset: Int) -> ZstdError {
        switch ZSTD_getErrorCode(code) {
        case ZSTD_error_checksum_wrong: .wrongChecksum(path: path)
        case ZSTD_error_dictionary_wrong, ZSTD_error_dictionary_corrupted:
            .needsDictionary(path: path)
        case ZSTD_error_frameParameter_windowTooLarge: .windowTooLarge(path: path)
        case ZSTD_error_memory_allocation: .failed(path: path, reason: zstdReason(code))
        default: .corrupt(path: path, offset: offset, reason: zstdReason(code))
        }
    }
}
