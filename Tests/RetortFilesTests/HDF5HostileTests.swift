import Foundation
import RetortFiles
import Testing

/// Files that h5py makes and that must not be followed, loaded or believed.
@Suite("Foreign HDF5 files", .enabled(if: hasH5py, "python3 has h5py"))
struct HDF5HostileTests {
    /// What makes a file, and what the refusal says after the path.
    private static let cases: [(code: String, message: String)] = [
        (
            "f['x'] = h5py.ExternalLink('/etc/passwd', '/')",
            "x is a link to another place, which is not followed."
        ),
        ("f['y'] = [1]; f['x'] = h5py.SoftLink('/y')", "x is a link to another place"),
        (
            "f.create_dataset('x', (4,), 'f4', external=[('/etc/passwd', 0, 16)])",
            "x has data in other files, which is not read"
        ),
        (
            """
            v = h5py.VirtualLayout((4,), 'f4')
            v[:] = h5py.VirtualSource('/etc/passwd', 'x', (4,))
            f.create_virtual_dataset('x', v)
            """, "x has data of other files, which is not read"
        ),
        (
            "f.create_dataset('x', (1000,), 'f4', data=range(1000), compression='lzf')",
            "x has the filter 32000, which is not read"
        ),
        (
            "f.create_dataset('x', (1000,), 'f4', data=range(1000), scaleoffset=2)",
            "x has the filter 6, which is not read"
        ),
        (
            "f.create_dataset('x', (2**40, 2**20), 'f4', chunks=(16, 16))",
            "x claims the shape [1099511627776, 1048576], which cannot be in the 0 bytes"
        ),
        ("f.create_dataset('x', (1000,), 'f4', chunks=(1000,))", "x claims the shape [1000]"),
        (
            "f.create_dataset('x', (2**21,), 'f4', chunks=(2**21,))[0] = 1",
            "x has chunks of more than 4 MiB"
        ),
        (
            "f.create_dataset('x', data=['a', 'b'], dtype=h5py.string_dtype())",
            "x must be numbers, the lowest byte first, and is text of variable length."
        ),
        (
            "f.create_dataset('x', (2,), h5py.vlen_dtype('i4'))",
            "and is data of variable length."
        ),
        ("f.create_dataset('x', (2,), 'S5')", "and is text."),
        ("f.create_dataset('x', (2,), [('a', 'i4')])", "and is a compound."),
        ("f.create_dataset('x', data=numpy.ones(2, '>f4'))", "another size or byte order."),
        ("f['x'] = numpy.dtype('f4')", "x is no dataset."),
        ("f.create_group('x')", "x is no dataset."),
    ]

    @Test("are refused for what they are", arguments: cases.indices, ["earliest", "v110"])
    func refused(index: Int, version: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.h5"
        try python(
            """
            import h5py, numpy
            f = h5py.File('\(path)', 'w', libver=('\(version)', 'v110'))
            \(Self.cases[index].code)
            f.close()
            """)
        do {
            _ = try HDF5File(path).dataset("x")
            Issue.record("accepted")
        } catch {
            #expect("\(error)".hasPrefix(path + ": "))
            #expect("\(error)".contains(Self.cases[index].message), "\(error)")
        }
    }

    @Test("are listed without end only so far")
    func loops() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.h5"
        try python(
            """
            import h5py
            with h5py.File('\(path)', 'w') as f:
                f['a/b'] = f['/']
                f['a/c'] = [1.0]
            """)
        let file = try HDF5File(path)
        #expect(throws: HDF5Error.tooMany(path: path, limit: 10_000)) { try file.datasetNames() }
        #expect(try file.dataset("a/c").rows(as: Double.self) == [1])
    }

    @Test("are read where they are plain")
    func plain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.h5"
        try python(
            """
            import h5py, numpy
            with h5py.File('\(path)', 'w') as f:
                f['scalar'] = numpy.float32(2.5)
                f.create_dataset('half', data=numpy.arange(6, dtype='f2').reshape(3, 2))
                f.create_dataset('grow', data=numpy.arange(5, dtype='i4'), maxshape=(None,),
                                 chunks=(2,), compression='gzip', shuffle=True, fletcher32=True)
                f.attrs['n'] = 7
                f.attrs['text'] = numpy.bytes_('abc')
                f.attrs['varying'] = 'abc'
            """)
        let file = try HDF5File(path)
        #expect(try file.dataset("scalar").rows(as: Float.self) == [2.5])
        #expect(try file.dataset("half").rows(1..<3) == [2, 3, 4, 5] as [Float16])
        #expect(try file.dataset("grow").rows() == [0, 1, 2, 3, 4] as [Int32])
        #expect(try file.number("n") == Int64(7))
        #expect(try file.text("text") == "abc")
        #expect(throws: HDF5Error.self) { try file.text("varying") }
    }
}

/// Whether Python can write HDF5 files here.
private let hasH5py = (try? python("import h5py")) != nil

/// Runs a Python program.
private func python(_ code: String) throws {
    struct Failed: Error {
        let reason: String
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", code]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw Failed(reason: String(decoding: text, as: UTF8.self))
    }
}
