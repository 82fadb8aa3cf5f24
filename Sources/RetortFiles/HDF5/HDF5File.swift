import CHDF5
import Glibc

/// An HDF5 file open for reading: groups, datasets and attributes, each checked before it is read.
///
/// Only what lies in the file itself is read: links to other places are refused. Source: HDF5 File
/// Format Specification, version 3.0.
package final class HDF5File {
    /// The path it was opened by.
    package let path: String
    private let file: HDF5Handle

    /// Opens a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: ``FileError``; ``HDF5Error`` if it is no HDF5 file or its structure is damaged.
    package init(_ path: String) throws {
        let size = try Self.checkStart(of: path)
        self.path = path
        file = try Self.reading(path, "") { () throws(HDF5Failure) in
            let access = try HDF5Handle {
                $0.H5Pcreate($0.H5P_CLS_FILE_ACCESS_ID_g)
            }
            let id = access.id
            // A file that is only read needs no lock, which some network disks refuse.
            try HDF5Library.call { $0.H5Pset_file_locking(id, false, true) }
            try HDF5Library.tryOut(path, size: size, access: id)
            return try HDF5Handle { unsafe $0.H5Fopen(path, 0, id) }
        }
    }

    /// The signature and the superblock's version, so that the library sees nothing else.
    ///
    /// - Returns: The file's size.
    private static func checkStart(of path: String) throws -> Int {
        let start = try MappedFile(path)
        let bytes = start.contents(of: 0..<min(9, start.size))
        guard bytes.starts(with: signature) else { throw HDF5Error.badSignature(path: path) }
        guard let version = bytes.dropFirst(8).first else {
            throw HDF5Error.unreadable(path: path, object: "", reason: "no superblock")
        }
        guard version <= 3 else {
            throw HDF5Error.unknownVersion(path: path, version: Int(version))
        }
        return start.size
    }

    /// The first bytes of every file.
    package static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

    /// Opens a dataset.
    ///
    /// - Parameter name: Its path in the file, groups before it: `layers/dense/vars/0`.
    /// - Returns: The dataset, of whose extents and storage everything is checked.
    /// - Throws: ``HDF5Error``.
    package func dataset(_ name: String) throws(HDF5Error) -> HDF5Dataset {
        try checkLinks(to: name)
        let object = try open(name)
        guard kind(of: object) == H5I_DATASET else {
            throw .notDataset(path: path, object: name)
        }
        return try HDF5Dataset(object, name: name, path: path)
    }

    /// The names of all datasets, groups before them, in order.
    ///
    /// - Parameter limit: The most objects that are looked at.
    /// - Returns: Names as ``dataset(_:)`` takes them; links to other places are left out.
    /// - Throws: ``HDF5Error``.
    package func datasetNames(limit: Int = 10_000) throws(HDF5Error) -> [String] {
        var names: [String] = []
        var left = limit
        try collect("", depth: 0, into: &names, left: &left, limit: limit)
        return names
    }

    private func collect(
        _ group: String, depth: Int, into names: inout [String], left: inout Int, limit: Int
    ) throws(HDF5Error) {
        // Groups may hold themselves.
        guard depth < 16 else { throw .tooMany(path: path, limit: limit) }
        for member in try members(of: group, limit: limit) {
            left -= 1
            guard left >= 0 else { throw .tooMany(path: path, limit: limit) }
            let name = group.isEmpty ? member : group + "/" + member
            guard try linkType(name) == 0 else { continue }
            let object = try open(name)
            switch kind(of: object) {
            case H5I_DATASET: names.append(name)
            case H5I_GROUP:
                try collect(name, depth: depth + 1, into: &names, left: &left, limit: limit)
            default: break
            }
        }
    }

    private func members(of group: String, limit: Int) throws(HDF5Error) -> [String] {
        let object = try open(group)
        let id = object.id
        return try reading(group) { () throws(HDF5Failure) in
            var info = H5G_info_t()
            try HDF5Library.call { unsafe $0.H5Gget_info(id, &info) }
            return try (0..<min(info.nlinks, UInt64(limit) + 1)).map { index throws(HDF5Failure) in
                var buffer = [CChar](repeating: 0, count: 512)
                try HDF5Library.call {
                    unsafe $0.H5Lget_name_by_idx(
                        id, ".", H5_INDEX_NAME, H5_ITER_INC, index, &buffer, buffer.count, 0)
                }
                return String(
                    decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self
                )
            }
        }
    }

    // MARK: Attributes of the file

    /// The text of an attribute.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The text, without zero bytes at its end.
    /// - Throws: ``HDF5Error`` if it is missing or of another type.
    package func text(_ name: String) throws(HDF5Error) -> String {
        let attribute = try attribute(name)
        let (id, path) = (attribute.id, self.path)
        let bytes: [UInt8]? = try reading(name) { () throws(HDF5Failure) in
            let type = try HDF5Handle { $0.H5Aget_type(id) }
            let typeID = type.id
            let kind = try HDF5Library.call { $0.H5Tget_class(typeID).rawValue }
            let varies = try HDF5Library.call { $0.H5Tis_variable_str(typeID) }
            let size = try HDF5Library.call {
                Int(clamping: $0.H5Tget_size(typeID))
            }
            guard kind == H5T_STRING.rawValue, varies == 0, (1...65_536).contains(size) else {
                return nil
            }
            var bytes = [UInt8](repeating: 0, count: size)
            try HDF5Library.call { unsafe $0.H5Aread(id, typeID, &bytes) }
            return bytes
        }
        guard let bytes, let text = String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
        else {
            throw .wrongType(
                path: path, object: name, expected: "text of fixed length in UTF-8",
                found: "something else")
        }
        return text
    }

    /// The value of an attribute that is one number.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The number's type.
    /// - Returns: The number.
    /// - Throws: ``HDF5Error`` if it is missing or of another type.
    package func number<Element: HDF5Element>(
        _ name: String, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> Element {
        let attribute = try attribute(name)
        let id = attribute.id
        let (value, found) = try reading(name) { () throws(HDF5Failure) in
            let stored = try HDF5Handle { $0.H5Aget_type(id) }
            guard try HDF5Type.matching(stored) == type.hdf5Type else {
                return (Element.zero, Optional(try HDF5Type.name(stored)))
            }
            var value = Element.zero
            let typeID = stored.id
            try HDF5Library.call { unsafe $0.H5Aread(id, typeID, &value) }
            return (value, nil)
        }
        if let found {
            throw .wrongType(
                path: path, object: name, expected: type.hdf5Type.rawValue, found: found)
        }
        return value
    }

    /// Whether the file has an attribute.
    package func hasAttribute(_ name: String) -> Bool {
        let id = file.id
        return (try? HDF5Library.call { unsafe $0.H5Aexists(id, name) }) ?? 0 > 0
    }

    /// Opens an attribute that holds one value.
    private func attribute(_ name: String) throws(HDF5Error) -> HDF5Handle {
        guard hasAttribute(name) else {
            throw .missing(path: path, object: "attribute \(name)")
        }
        let id = file.id
        let attribute = try reading(name) { () throws(HDF5Failure) in
            try HDF5Handle { unsafe $0.H5Aopen(id, name, 0) }
        }
        let attributeID = attribute.id
        let count = try reading(name) { () throws(HDF5Failure) in
            let space = try HDF5Handle { $0.H5Aget_space(attributeID) }
            let spaceID = space.id
            return try HDF5Library.call {
                $0.H5Sget_simple_extent_npoints(spaceID)
            }
        }
        guard count == 1 else {
            throw .wrongShape(
                path: path, object: name, expected: "of one value", found: [Int(clamping: count)])
        }
        return attribute
    }

    // MARK: Objects

    /// Refuses names of which a part is missing or lies elsewhere.
    private func checkLinks(to name: String) throws(HDF5Error) {
        var prefix = ""
        for part in name.split(separator: "/") {
            prefix += prefix.isEmpty ? String(part) : "/" + part
            let (id, place) = (file.id, prefix)
            let isThere = try? HDF5Library.call { unsafe $0.H5Lexists(id, place, 0) }
            guard let isThere else {
                // The part before is no group, or damaged.
                throw .missing(path: path, object: name)
            }
            guard isThere > 0 else { throw .missing(path: path, object: name) }
            guard try linkType(prefix) == 0 else { throw .isLink(path: path, object: prefix) }
        }
    }

    private func linkType(_ name: String) throws(HDF5Error) -> Int32 {
        let id = file.id
        return try reading(name) { () throws(HDF5Failure) in
            try HDF5Library.call { unsafe retort_hdf5_link_type($0.table, id, name) }
        }
    }

    private func open(_ name: String) throws(HDF5Error) -> HDF5Handle {
        let id = file.id
        return try reading(name) { () throws(HDF5Failure) in
            try HDF5Handle { unsafe $0.H5Oopen(id, name.isEmpty ? "/" : name, 0) }
        }
    }

    private func kind(of object: borrowing HDF5Handle) -> H5I_type_t {
        let id = object.id
        let kind = try? HDF5Library.call { $0.H5Iget_type(id).rawValue }
        return H5I_type_t(rawValue: kind ?? H5I_BADID.rawValue)
    }

    private func reading<Result: ~Copyable>(
        _ object: String, _ body: () throws(HDF5Failure) -> Result
    ) throws(HDF5Error) -> Result {
        try Self.reading(path, object, body)
    }

    /// Turns the library's failures into errors that name the file and the object.
    static func reading<Result: ~Copyable>(
        _ path: String, _ object: String, _ body: () throws(HDF5Failure) -> Result
    ) throws(HDF5Error) -> Result {
        do throws(HDF5Failure) {
            return try body()
        } catch {
            throw .unreadable(path: path, object: object, reason: error.reason)
        }
    }
}
