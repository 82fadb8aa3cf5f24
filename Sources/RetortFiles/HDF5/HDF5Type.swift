import CHDF5

/// The types of elements that are read and written, all with the lowest byte first.
package enum HDF5Type: String, CaseIterable, Sendable {
    case int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32, float64

    /// The size of an element.
    package var byteCount: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16, .float16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// The library's type, as a copy.
    func handle() throws(HDF5Failure) -> HDF5Handle {
        let known = try HDF5Library.variable(self == .float16 ? \.H5T_IEEE_F32LE_g : variable)
        let handle = try HDF5Handle { $0.H5Tcopy(known) }
        guard self == .float16 else { return handle }
        // IEEE 754 binary16, for which older libraries have no name: sign, exponent, fraction.
        let id = handle.id
        try HDF5Library.call { $0.H5Tset_fields(id, 15, 10, 5, 0, 10) }
        try HDF5Library.call { $0.H5Tset_size(id, 2) }
        try HDF5Library.call { $0.H5Tset_ebias(id, 15) }
        return handle
    }

    private var variable: KeyPath<retort_hdf5, hid_t> {
        switch self {
        case .int8: \.H5T_STD_I8LE_g
        case .uint8: \.H5T_STD_U8LE_g
        case .int16: \.H5T_STD_I16LE_g
        case .uint16: \.H5T_STD_U16LE_g
        case .int32: \.H5T_STD_I32LE_g
        case .uint32: \.H5T_STD_U32LE_g
        case .int64: \.H5T_STD_I64LE_g
        case .uint64: \.H5T_STD_U64LE_g
        case .float16, .float32: \.H5T_IEEE_F32LE_g
        case .float64: \.H5T_IEEE_F64LE_g
        }
    }

    /// The type that a type of a file is exactly; nil if it is none of these.
    static func matching(_ type: borrowing HDF5Handle) throws(HDF5Failure) -> HDF5Type? {
        let id = type.id
        for candidate in allCases {
            let own = try candidate.handle()
            let ownID = own.id
            if try HDF5Library.call({ $0.H5Tequal(ownID, id) }) > 0 {
                return candidate
            }
        }
        return nil
    }

    /// What a type of a file is called, for messages.
    static func name(_ type: borrowing HDF5Handle) throws(HDF5Failure) -> String {
        if let known = try matching(type) { return known.rawValue }
        let id = type.id
        if try HDF5Library.call({ $0.H5Tis_variable_str(id) }) > 0 {
            return "text of variable length"
        }
        let kind = try HDF5Library.call { $0.H5Tget_class(id).rawValue }
        return switch kind {
        case H5T_INTEGER.rawValue: "an integer of another size or byte order"
        case H5T_FLOAT.rawValue: "a number of another size or byte order"
        case H5T_STRING.rawValue: "text"
        case H5T_COMPOUND.rawValue: "a compound"
        case H5T_VLEN.rawValue: "data of variable length"
        case H5T_REFERENCE.rawValue: "references"
        case H5T_ENUM.rawValue: "an enumeration"
        case H5T_ARRAY.rawValue: "arrays"
        default: "of an unknown type"
        }
    }
}

/// A number as a dataset holds it.
package protocol HDF5Element: BitwiseCopyable, AdditiveArithmetic {
    /// Its type in files.
    static var hdf5Type: HDF5Type { get }
}

extension UInt8: HDF5Element { package static var hdf5Type: HDF5Type { .uint8 } }
extension UInt16: HDF5Element { package static var hdf5Type: HDF5Type { .uint16 } }
extension UInt32: HDF5Element { package static var hdf5Type: HDF5Type { .uint32 } }
extension Int32: HDF5Element { package static var hdf5Type: HDF5Type { .int32 } }
extension Int64: HDF5Element { package static var hdf5Type: HDF5Type { .int64 } }
extension Float16: HDF5Element { package static var hdf5Type: HDF5Type { .float16 } }
extension Float: HDF5Element { package static var hdf5Type: HDF5Type { .float32 } }
extension Double: HDF5Element { package static var hdf5Type: HDF5Type { .float64 } }
