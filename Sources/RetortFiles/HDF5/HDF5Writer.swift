import CHDF5

/// Writes an HDF5 file that appears whole or not at all: at `NAME.partial`, synced, renamed.
///
/// Datasets have chunks with shuffle, deflate and Fletcher's checksum; all of the format's own
/// structure has checksums too (superblock version 3). The same calls give the same bytes: no times
/// are kept. If it is dropped before ``finish()``, the partial file is removed.
package final class HDF5Writer {
    private struct Place {
        let dataset: HDF5Dataset
        var nextRow = 0
    }

    private final class HDF5Dataset {
        let handle: HDF5Handle
        let type: HDF5Type
        let shape: [Int]

        init(_ handle: consuming HDF5Handle, _ type: HDF5Type, _ shape: [Int]) {
            self.handle = handle
            self.type = type
            self.shape = shape
        }
    }

    private let path: String
    private let partialPath: String
    private var file: HDF5Handle?
    private var places: [(name: String, place: Place)] = []
    private var isInPlace = false

    /// Bytes of a chunk, about: enough to compress well, few enough to read single documents.
    private static let chunkSize = 1 << 16

    /// Begins a file.
    ///
    /// - Parameter path: Where it will appear; its folder must exist. A file there is replaced.
    /// - Throws: ``FileError``, ``HDF5Error``.
    package init(_ path: String) throws {
        guard !Folder.isFolder(path) else { throw FileError.isFolder(path: path) }
        let partialPath = path + ".partial"
        // The system says better than the library why a file cannot be made.
        _ = try AtomicFile(path)
        try Folder.remove(partialPath)
        self.path = path
        self.partialPath = partialPath
        file = try Self.writing(path, "") { () throws(HDF5Failure) in
            let access = try HDF5Handle {
                $0.H5Pcreate($0.H5P_CLS_FILE_ACCESS_ID_g)
            }
            let creation = try HDF5Handle {
                $0.H5Pcreate($0.H5P_CLS_FILE_CREATE_ID_g)
            }
            let (accessID, creationID) = (access.id, creation.id)
            try HDF5Library.call {
                $0.H5Pset_libver_bounds(
                    accessID, H5F_LIBVER_V110, H5F_LIBVER_V110)
            }
            try HDF5Library.call {
                $0.H5Pset_file_locking(accessID, false, true)
            }
            try HDF5Library.call {
                $0.H5Pset_obj_track_times(creationID, false)
            }
            // 4: refuse a file that is there.
            return try HDF5Handle {
                unsafe $0.H5Fcreate(partialPath, 4, creationID, accessID)
            }
        }
    }

    deinit {
        places = []
        file = nil
        if !isInPlace { try? Folder.remove(partialPath) }
    }

    // MARK: Attributes and groups

    /// Gives the file a text; texts have at most 64 KiB.
    package func set(_ name: String, _ text: String) throws(HDF5Error) {
        let bytes = Array(text.utf8) + [0]
        try Self.writing(path, name) { () throws(HDF5Failure) in
            let known = try HDF5Library.variable(\.H5T_C_S1_g)
            let type = try HDF5Handle { $0.H5Tcopy(known) }
            let id = type.id
            try HDF5Library.call { $0.H5Tset_size(id, bytes.count) }
            try HDF5Library.call { $0.H5Tset_cset(id, H5T_CSET_UTF8) }
            try HDF5Library.call { $0.H5Tset_strpad(id, H5T_STR_NULLTERM) }
            try setAttribute(name, type, bytes)
        }
    }

    /// Gives the file a number.
    package func set<Element: HDF5Element>(_ name: String, _ number: Element) throws(HDF5Error) {
        try Self.writing(path, name) { () throws(HDF5Failure) in
            try setAttribute(name, Element.hdf5Type.handle(), [number])
        }
    }

    private func setAttribute<Element: BitwiseCopyable>(
        _ name: String, _ type: borrowing HDF5Handle, _ value: [Element]
    ) throws(HDF5Failure) {
        let (id, typeID) = (fileID, type.id)
        let space = try HDF5Handle { $0.H5Screate(H5S_SCALAR) }
        let spaceID = space.id
        let attribute = try HDF5Handle {
            unsafe $0.H5Acreate2(id, name, typeID, spaceID, 0, 0)
        }
        let attributeID = attribute.id
        try HDF5Library.call { unsafe $0.H5Awrite(attributeID, typeID, value) }
    }

    /// Makes a group.
    package func makeGroup(_ name: String) throws(HDF5Error) {
        try Self.writing(path, name) { () throws(HDF5Failure) in
            let list = try HDF5Handle {
                $0.H5Pcreate($0.H5P_CLS_GROUP_CREATE_ID_g)
            }
            let (id, listID) = (fileID, list.id)
            try HDF5Library.call { $0.H5Pset_obj_track_times(listID, false) }
            _ = try HDF5Handle { unsafe $0.H5Gcreate2(id, name, 0, listID, 0) }
        }
    }

    // MARK: Datasets

    /// Declares a dataset, to be filled by ``append(_:to:)``.
    ///
    /// - Parameters:
    ///   - name: Its path; the groups before it must be there.
    ///   - type: Of its elements.
    ///   - shape: Its extents, rows first.
    /// - Throws: ``HDF5Error``.
    package func makeDataset(
        _ name: String, _ type: HDF5Type, shape: [Int]
    ) throws(HDF5Error) {
        let handle = try Self.writing(path, name) { () throws(HDF5Failure) in
            let list = try HDF5Handle {
                $0.H5Pcreate($0.H5P_CLS_DATASET_CREATE_ID_g)
            }
            let listID = list.id
            try HDF5Library.call { $0.H5Pset_obj_track_times(listID, false) }
            if !shape.contains(0) { try Self.setChunks(listID, type, shape) }
            let space = try HDF5Selection.space(shape.map { UInt64($0) })
            let stored = try type.handle()
            let (id, spaceID, typeID) = (fileID, space.id, stored.id)
            return try HDF5Handle {
                unsafe $0.H5Dcreate2(id, name, typeID, spaceID, 0, listID, 0)
            }
        }
        places.append((name, Place(dataset: HDF5Dataset(handle, type, shape))))
    }

    private static func setChunks(
        _ list: hid_t, _ type: HDF5Type, _ shape: [Int]
    ) throws(HDF5Failure) {
        var chunk = shape.map { UInt64($0) }
        let rowBytes = shape.dropFirst().reduce(type.byteCount, *)
        chunk[0] = UInt64(min(shape[0], max(1, chunkSize / rowBytes)))
        try HDF5Library.call { unsafe $0.H5Pset_chunk(list, Int32(chunk.count), chunk) }
        try HDF5Library.call { $0.H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) }
        if type.byteCount > 1 { try HDF5Library.call { $0.H5Pset_shuffle(list) } }
        try HDF5Library.call { $0.H5Pset_deflate(list, 4) }
        try HDF5Library.call { $0.H5Pset_fletcher32(list) }
    }

    /// Writes the next rows of a dataset.
    ///
    /// - Parameters:
    ///   - values: All elements of these rows.
    ///   - name: The dataset.
    /// - Throws: ``HDF5Error``, for example for a full disk, or for more rows than declared.
    /// - Precondition: The dataset was declared with this type, and the rows are whole.
    package func append<Element: HDF5Element>(
        _ values: [Element], to name: String
    ) throws(HDF5Error) {
        guard let index = places.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("\(name) was not declared")
        }
        let dataset = places[index].place.dataset
        let width = dataset.shape.dropFirst().reduce(1, *)
        precondition(dataset.type == Element.hdf5Type && values.count % max(width, 1) == 0)
        guard !values.isEmpty else { return }
        let start = places[index].place.nextRow
        let end = start + values.count / width
        guard end <= dataset.shape[0] else {
            throw .wrongRowCount(
                path: path, object: name, expected: dataset.shape[0], found: end)
        }
        try Self.writing(path, name) { () throws(HDF5Failure) in
            let id = dataset.handle.id
            let type = try dataset.type.handle()
            let source = try HDF5Selection.space([UInt64(values.count)])
            let target = try HDF5Handle { $0.H5Dget_space(id) }
            try HDF5Selection.select(start..<end, of: dataset.shape, in: target)
            let (typeID, sourceID, targetID) = (type.id, source.id, target.id)
            try HDF5Library.call {
                unsafe $0.H5Dwrite(id, typeID, sourceID, targetID, 0, values)
            }
        }
        places[index].place.nextRow = end
    }

    /// Closes the file, syncs it and puts it in place.
    ///
    /// - Throws: ``HDF5Error`` if a dataset lacks rows or the disk is full, ``FileError``.
    package func finish() throws {
        for (name, place) in places where place.nextRow != place.dataset.shape[0] {
            throw HDF5Error.wrongRowCount(
                path: path, object: name, expected: place.dataset.shape[0], found: place.nextRow)
        }
        places = []
        try Self.writing(path, "") { () throws(HDF5Failure) in
            try file.take()?.close()
        }
        try Folder.sync(partialPath)
        try Folder.move(partialPath, to: path)
        isInPlace = true
    }

    private var fileID: hid_t {
        guard let id = file?.id else { preconditionFailure("the file is finished") }
        return id
    }

    private static func writing<Result: ~Copyable>(
        _ path: String, _ object: String, _ body: () throws(HDF5Failure) -> Result
    ) throws(HDF5Error) -> Result {
        do throws(HDF5Failure) {
            return try body()
        } catch {
            throw .unwritable(path: path, object: object, reason: error.reason)
        }
    }
}
