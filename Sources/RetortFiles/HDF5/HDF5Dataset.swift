import CHDF5

/// A dataset of numbers, read by ranges of rows.
///
/// Type, extents and storage are known and within bounds before anything is read.
package final class HDF5Dataset {
    /// The elements' type.
    package let type: HDF5Type
    /// The extents; rows first.
    package let shape: [Int]
    /// Its path in the file.
    package let name: String
    private let path: String
    private let handle: HDF5Handle

    /// The most bytes of a chunk, which the library holds as a whole.
    private static let largestChunk = 4 << 20
    /// What deflate can make of a byte at most (RFC 1951: 258 bytes from two bits), rounded up.
    private static let largestRatio = 1040

    init(_ handle: consuming HDF5Handle, name: String, path: String) throws(HDF5Error) {
        let id = handle.id
        let (type, typeName) = try HDF5File.reading(path, name) { () throws(HDF5Failure) in
            let type = try HDF5Handle { $0.H5Dget_type(id) }
            return (try HDF5Type.matching(type), try HDF5Type.name(type))
        }
        guard let type else {
            throw .wrongType(
                path: path, object: name, expected: "numbers, the lowest byte first",
                found: typeName)
        }
        let shape = try HDF5File.reading(path, name) { () throws(HDF5Failure) in
            try Self.shape(of: id)
        }
        try Self.checkStorage(of: id, type, shape, name: name, path: path)
        self.type = type
        self.shape = shape.map { Int(clamping: $0) }
        self.name = name
        self.path = path
        self.handle = handle
    }

    private static func shape(of id: hid_t) throws(HDF5Failure) -> [UInt64] {
        let space = try HDF5Handle { $0.H5Dget_space(id) }
        let spaceID = space.id
        let kind = try HDF5Library.call {
            $0.H5Sget_simple_extent_type(spaceID).rawValue
        }
        if kind == H5S_NULL.rawValue { return [0] }
        let rank = try HDF5Library.call {
            $0.H5Sget_simple_extent_ndims(spaceID)
        }
        // The library knows at most 32 dimensions.
        var shape = [UInt64](repeating: 0, count: min(Int(rank), 32))
        guard !shape.isEmpty else { return [] }
        try HDF5Library.call {
            unsafe $0.H5Sget_simple_extent_dims(spaceID, &shape, nil)
        }
        return shape
    }

    /// Refuses what is kept elsewhere or by foreign filters, and extents that cannot be there.
    private static func checkStorage(
        of id: hid_t, _ type: HDF5Type, _ shape: [UInt64], name: String, path: String
    ) throws(HDF5Error) {
        let (storage, what) = try HDF5File.reading(path, name) { () throws(HDF5Failure) in
            let list = try HDF5Handle { $0.H5Dget_create_plist(id) }
            let what = try unsupported(list, type)
            // Nothing more is asked about what is not read.
            guard what == nil else { return (UInt64(0), what) }
            var stored: UInt64 = 0
            try HDF5Library.call {
                stored = $0.H5Dget_storage_size(id)
                return Int32(0)
            }
            return (stored, nil)
        }
        if let what { throw .unsupportedStorage(path: path, object: name, what: what) }
        let stored = min(Int(clamping: storage), Int(clamping: try fileSize(path)))
        let byteCount = shape.reduce(UInt64(type.byteCount)) {
            let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
            return overflow ? .max : product
        }
        // A zero among the extents hides an overflow before it.
        let hasRoom =
            byteCount
            <= UInt64(stored).multipliedReportingOverflow(
                by: UInt64(largestRatio)
            ).partialValue
        guard hasRoom, shape.allSatisfy({ $0 < 1 << 48 }), stored < 1 << 48 else {
            throw .tooLarge(
                path: path, object: name,
                shape: "[" + shape.map(String.init).joined(separator: ", ") + "]", stored: stored)
        }
    }

    private static func fileSize(_ path: String) throws(HDF5Error) -> Int {
        do {
            return try MappedFile(path).size
        } catch {
            throw .unreadable(path: path, object: "", reason: "\(error)")
        }
    }

    /// What about a dataset's storage is not read; nil if all is.
    private static func unsupported(
        _ list: borrowing HDF5Handle, _ type: HDF5Type
    ) throws(HDF5Failure) -> String? {
        let id = list.id
        let layout = try HDF5Library.call { $0.H5Pget_layout(id).rawValue }
        if layout == H5D_VIRTUAL.rawValue { return "data of other files" }
        if layout != H5D_CHUNKED.rawValue {
            // Only these can lie outside.
            guard layout == H5D_CONTIGUOUS.rawValue else { return nil }
            let count = try HDF5Library.call { $0.H5Pget_external_count(id) }
            return count > 0 ? "data in other files" : nil
        }
        var chunk = [UInt64](repeating: 0, count: 32)
        let rank = try HDF5Library.call { unsafe $0.H5Pget_chunk(id, 32, &chunk) }
        let size = chunk.prefix(Int(rank)).reduce(UInt64(type.byteCount)) {
            let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
            return overflow ? .max : product
        }
        if size > UInt64(largestChunk) { return "chunks of more than 4 MiB" }
        let filterCount = try HDF5Library.call { $0.H5Pget_nfilters(id) }
        for index in 0..<filterCount {
            var flags: UInt32 = 0, count = 0, configuration: UInt32 = 0
            let filter = try HDF5Library.call {
                unsafe $0.H5Pget_filter2(
                    id, UInt32(index), &flags, &count, nil, 0, nil, &configuration)
            }
            guard [H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32].contains(filter)
            else { return "the filter \(filter)" }
        }
        return nil
    }

    /// Refuses another type or other extents.
    ///
    /// - Parameters:
    ///   - types: The types that are right.
    ///   - expected: The extents; nil for any.
    /// - Throws: ``HDF5Error``.
    package func check(_ types: HDF5Type..., shape expected: [Int?]) throws(HDF5Error) {
        guard types.contains(type) else {
            throw .wrongType(
                path: path, object: name,
                expected: types.map(\.rawValue).joined(separator: " or "), found: type.rawValue)
        }
        let isRight =
            shape.count == expected.count
            && zip(shape, expected).allSatisfy { $1 == nil || $0 == $1 }
        guard isRight else {
            let words = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
            throw .wrongShape(path: path, object: name, expected: "[\(words)]", found: shape)
        }
    }

    /// Reads rows: all elements of some values of the first index, in order.
    ///
    /// - Parameters:
    ///   - range: Which rows; nil for all.
    ///   - type: The elements' type.
    /// - Returns: The elements.
    /// - Throws: ``HDF5Error`` if they have another type, or cannot be read.
    /// - Precondition: The range lies within the rows.
    package func rows<Element: HDF5Element>(
        _ range: Range<Int>? = nil, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> [Element] {
        guard self.type == type.hdf5Type else {
            throw .wrongType(
                path: path, object: name, expected: type.hdf5Type.rawValue,
                found: self.type.rawValue)
        }
        let range = range ?? 0..<(shape.first ?? 1)
        precondition(range.lowerBound >= 0 && range.upperBound <= shape.first ?? 1)
        // The whole was found to be within bounds when it was opened.
        let count = shape.dropFirst().reduce(range.count, *)
        guard count > 0 else { return [] }
        return try HDF5File.reading(path, name) { () throws(HDF5Failure) in
            var values = [Element](repeating: .zero, count: count)
            let id = handle.id
            let own = try Element.hdf5Type.handle()
            let ownID = own.id
            guard !shape.isEmpty else {
                try HDF5Library.call { unsafe $0.H5Dread(id, ownID, 0, 0, 0, &values) }
                return values
            }
            let target = try HDF5Selection.space([UInt64(count)])
            let source = try HDF5Handle { $0.H5Dget_space(id) }
            try HDF5Selection.select(range, of: shape, in: source)
            let (targetID, sourceID) = (target.id, source.id)
            try HDF5Library.call {
                unsafe $0.H5Dread(id, ownID, targetID, sourceID, 0, &values)
            }
            return values
        }
    }
}

/// Extents, and rows within them, in the library's terms.
enum HDF5Selection {
    /// Extents of an array.
    static func space(_ shape: [UInt64]) throws(HDF5Failure) -> HDF5Handle {
        try HDF5Handle { unsafe $0.H5Screate_simple(Int32(shape.count), shape, nil) }
    }

    /// Chooses rows.
    static func select(
        _ rows: Range<Int>, of shape: [Int], in space: borrowing HDF5Handle
    ) throws(HDF5Failure) {
        var start = [UInt64](repeating: 0, count: shape.count)
        var count = shape.map { UInt64($0) }
        start[0] = UInt64(rows.lowerBound)
        count[0] = UInt64(rows.count)
        let id = space.id
        try HDF5Library.call {
            unsafe $0.H5Sselect_hyperslab(id, H5S_SELECT_SET, start, nil, count, nil)
        }
    }
}
