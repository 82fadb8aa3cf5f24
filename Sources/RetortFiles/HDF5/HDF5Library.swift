import CHDF5
import Glibc
import Synchronization

/// Why a call of the library failed, in its own words.
struct HDF5Failure: Error, Equatable {
    let reason: String
}

/// The HDF5 library, opened when the first file needs it.
///
/// One call is made at a time, whichever way the library was built. It never prints, and loads no
/// filters from elsewhere.
enum HDF5Library {
    /// The functions and variables of the opened library.
    @safe @dynamicMemberLookup
    struct Functions {
        let table: UnsafePointer<retort_hdf5>

        subscript<Member>(dynamicMember path: KeyPath<retort_hdf5, Member>) -> Member {
            unsafe table.pointee[keyPath: path]
        }
    }

    /// Calls the library.
    ///
    /// - Parameter body: Makes one call, whose result is negative if it fails.
    /// - Returns: The result.
    /// - Throws: ``HDF5Failure``.
    @discardableResult
    static func call<Code: SignedInteger & Sendable>(
        _ body: (Functions) -> Code
    ) throws(HDF5Failure) -> Code {
        guard let functions = unsafe functions else { throw HDF5Failure(reason: unavailable) }
        let (code, reason) = turn.withLock { _ in
            // The library keeps this for each thread.
            _ = unsafe functions.H5Eset_auto2(0, nil, nil)
            let code = body(functions)
            return (code, code < 0 ? explanation(functions) : "")
        }
        guard code >= 0 else { throw HDF5Failure(reason: reason) }
        return code
    }

    /// An identifier of the library's own, such as that of a type.
    static func variable(_ path: KeyPath<retort_hdf5, hid_t>) throws(HDF5Failure) -> hid_t {
        guard let functions = unsafe functions else { throw HDF5Failure(reason: unavailable) }
        return functions[dynamicMember: path]
    }

    /// Reads a file in a child process, so that one which the library cannot bear is known.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - size: Its size.
    ///   - access: How it is opened.
    /// - Throws: ``HDF5Failure`` if the child crashes, or takes longer than it may.
    static func tryOut(_ path: String, size: Int, access: hid_t) throws(HDF5Failure) {
        // A slow disk reads 5 MB a second.
        let seconds = 10 + Double(size) / 5e6
        let outcome = try call { functions in
            unsafe Int32(
                retort_hdf5_try(functions.table, path, access, UInt64(size), seconds).rawValue)
        }
        switch UInt32(outcome) {
        case RETORT_HDF5_SURVIVED.rawValue: return
        case RETORT_HDF5_CRASHED.rawValue:
            throw HDF5Failure(reason: "it brings the library HDF5 down")
        case RETORT_HDF5_STUCK.rawValue:
            throw HDF5Failure(reason: "the library HDF5 does not come to an end with it")
        default: throw HDF5Failure(reason: "no process for trying it: \(systemReason(errno))")
        }
    }

    private static let turn = Mutex(())

    private static var unavailable: String {
        let version = unsafe String(cString: retort_hdf5_version())
        return "the library HDF5 \(version) is not on this machine; install libhdf5-dev"
    }

    private nonisolated(unsafe) static let functions: Functions? = {
        // Debian's serial build, then what others and older packages call it.
        let versions = ["", ".310", ".200", ".103"]
        let names = ["libhdf5_serial.so", "libhdf5.so"].flatMap { name in
            versions.map { name + $0 }
        }
        for name in names {
            guard let library = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
            let table = UnsafeMutablePointer<retort_hdf5>.allocate(capacity: 1)
            guard unsafe retort_hdf5_is_ours(library) != 0,
                unsafe retort_hdf5_fill(table, library) == nil
            else {
                unsafe table.deallocate()
                continue
            }
            // No code of other people for the sake of a file.
            _ = unsafe table.pointee.H5PLset_loading_state(0)
            return unsafe Functions(table: UnsafePointer(table))
        }
        return nil
    }()

    private static func explanation(_ functions: Functions) -> String {
        var reason = retort_hdf5_reason()
        unsafe retort_hdf5_explain(functions.table, &reason)
        let text = unsafe withUnsafeBytes(of: &reason) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return text.isEmpty ? "the library gives no reason" : text.printable
    }
}

/// The owner of one identifier of the library: a file, dataset, type, list of properties.
struct HDF5Handle: ~Copyable {
    let id: hid_t

    /// Takes over what a call makes.
    init(_ body: (HDF5Library.Functions) -> hid_t) throws(HDF5Failure) {
        id = try HDF5Library.call(body)
    }

    /// Closes a file, whose last bytes are written only then.
    consuming func close() throws(HDF5Failure) {
        let id = id
        discard self
        try HDF5Library.call { $0.H5Fclose(id) }
    }

    deinit { _ = try? HDF5Library.call { $0.H5Idec_ref(id) } }
}
