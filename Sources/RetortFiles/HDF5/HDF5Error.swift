/// Why an HDF5 file was refused, or could not be written.
public enum HDF5Error: Error, Equatable, CustomStringConvertible {
    /// The first bytes are not those of the format.
    case badSignature(path: String)
    /// The superblock has a version that is not known.
    case unknownVersion(path: String, version: Int)
    /// The library cannot read an object, or the file's own structure; the reason is the library's.
    case unreadable(path: String, object: String, reason: String)
    /// There is no object of that name.
    case missing(path: String, object: String)
    /// A name stands for something in another place, such as another file.
    case isLink(path: String, object: String)
    /// A group or a stored type stands where a dataset was expected.
    case notDataset(path: String, object: String)
    /// Elements, or an attribute's value, have another type.
    case wrongType(path: String, object: String, expected: String, found: String)
    /// A dataset or attribute has other extents.
    case wrongShape(path: String, object: String, expected: String, found: [Int])
    /// The extents promise more than the file can hold.
    case tooLarge(path: String, object: String, shape: String, stored: Int)
    /// A dataset is kept in a way that is not read.
    case unsupportedStorage(path: String, object: String, what: String)
    /// There are more objects, or deeper ones, than are listed.
    case tooMany(path: String, limit: Int)
    /// The library cannot write; the reason is its own.
    case unwritable(path: String, object: String, reason: String)
    /// Not all rows of a dataset were given, or more than all.
    case wrongRowCount(path: String, object: String, expected: Int, found: Int)

    /// One sentence: where, what, what to do.
    public var description: String {
        switch self {
        case .badSignature(let path): "\(path): is not an HDF5 file (wrong signature)."
        case .unknownVersion(let path, let version):
            "\(path): has an HDF5 superblock of the unknown version \(version)."
        case .unreadable(let path, let object, let reason):
            "\(path): \(Self.place(object)) cannot be read; the HDF5 file is damaged, or ends too "
                + "early: \(reason)."
        case .missing(let path, let object): "\(path): has no \(object.printable)."
        case .isLink(let path, let object):
            "\(path): \(object.printable) is a link to another place, which is not followed."
        case .notDataset(let path, let object):
            "\(path): \(object.printable) is no dataset."
        case .wrongType(let path, let object, let expected, let found):
            "\(path): \(object.printable) must be \(expected), and is \(found)."
        case .wrongShape(let path, let object, let expected, let found):
            "\(path): \(object.printable) must have the shape \(expected), and has \(found)."
        case .tooLarge(let path, let object, let shape, let stored):
            "\(path): \(object.printable) claims the shape \(shape), which cannot be in the "
                + "\(stored) bytes that are stored for it."
        case .unsupportedStorage(let path, let object, let what):
            "\(path): \(object.printable) has \(what), which is not read; write the file again "
                + "with chunks, shuffle and deflate at most."
        case .tooMany(let path, let limit):
            "\(path): has more than \(limit) objects, or groups too deep in one another."
        case .unwritable(let path, let object, let reason):
            "\(path): \(Self.place(object)) cannot be written: \(reason); nothing was left behind."
        case .wrongRowCount(let path, let object, let expected, let found):
            "\(path): \(object) got \(found) rows where \(expected) were declared."
        }
    }

    private static func place(_ object: String) -> String {
        object.isEmpty ? "the file" : object.printable
    }
}
