#pragma once
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else
// Debian keeps the headers of the serial library in a folder of their own.
#include <hdf5/serial/hdf5.h>
#endif
#include <dlfcn.h>
#include <string.h>

// The library is opened when the first file needs it, not linked: Debian's pulls in thirty others
// (libcurl, Kerberos, LDAP), which would make every start of the program 5 to 7 ms longer than the
// 1 ms that it takes.

/// The functions that are used.
#define RETORT_HDF5_FUNCTIONS(X) \
    X(H5open) X(H5get_libversion) X(H5Eset_auto2) X(H5Ewalk2) X(H5PLset_loading_state) \
    X(H5Idec_ref) X(H5Iget_type) X(H5Fcreate) X(H5Fopen) X(H5Fclose) X(H5Pcreate) \
    X(H5Pset_libver_bounds) X(H5Pset_file_locking) X(H5Pset_obj_track_times) X(H5Pset_chunk) \
    X(H5Pset_shuffle) X(H5Pset_deflate) X(H5Pset_fletcher32) X(H5Pset_fill_time) \
    X(H5Pget_layout) X(H5Pget_chunk) X(H5Pget_nfilters) X(H5Pget_filter2) \
    X(H5Pget_external_count) X(H5Gcreate2) X(H5Gget_info) X(H5Lexists) X(H5Lget_name_by_idx) \
    X(H5Oopen) X(H5Dcreate2) X(H5Dget_type) X(H5Dget_space) X(H5Dget_create_plist) \
    X(H5Dget_storage_size) X(H5Dread) X(H5Dwrite) X(H5Screate) X(H5Screate_simple) \
    X(H5Sget_simple_extent_type) X(H5Sget_simple_extent_ndims) X(H5Sget_simple_extent_dims) \
    X(H5Sget_simple_extent_npoints) X(H5Sselect_hyperslab) X(H5Tcopy) X(H5Tequal) \
    X(H5Tget_class) X(H5Tget_size) X(H5Tis_variable_str) X(H5Tset_fields) X(H5Tset_size) \
    X(H5Tset_ebias) X(H5Tset_cset) X(H5Tset_strpad) X(H5Acreate2) X(H5Aexists) X(H5Aopen) \
    X(H5Aopen_by_idx) X(H5Aget_type) X(H5Aget_space) X(H5Aread) X(H5Awrite)

/// The library's variables behind macros such as H5T_STD_I8LE and H5P_DATASET_CREATE.
#define RETORT_HDF5_VARIABLES(X) \
    X(H5T_STD_I8LE_g) X(H5T_STD_U8LE_g) X(H5T_STD_I16LE_g) X(H5T_STD_U16LE_g) \
    X(H5T_STD_I32LE_g) X(H5T_STD_U32LE_g) X(H5T_STD_I64LE_g) X(H5T_STD_U64LE_g) \
    X(H5T_IEEE_F32LE_g) X(H5T_IEEE_F64LE_g) X(H5T_C_S1_g) X(H5P_CLS_FILE_CREATE_ID_g) \
    X(H5P_CLS_FILE_ACCESS_ID_g) X(H5P_CLS_GROUP_CREATE_ID_g) X(H5P_CLS_DATASET_CREATE_ID_g)

// Before 1.12 there was one form of this; its result has the same first field.
#if H5_VERSION_GE(1, 12, 0)
#define RETORT_HDF5_LINK_INFO H5Lget_info2
#define RETORT_HDF5_LINK_INFO_NAME "H5Lget_info2"
typedef H5L_info2_t retort_hdf5_link_info;
#else
#define RETORT_HDF5_LINK_INFO H5Lget_info
#define RETORT_HDF5_LINK_INFO_NAME "H5Lget_info"
typedef H5L_info_t retort_hdf5_link_info;
#endif

/// The opened library.
struct retort_hdf5 {
#define RETORT_HDF5_FIELD(name) __typeof__(name) *_Nonnull name;
    RETORT_HDF5_FUNCTIONS(RETORT_HDF5_FIELD)
#undef RETORT_HDF5_FIELD
#define RETORT_HDF5_FIELD(name) hid_t name;
    RETORT_HDF5_VARIABLES(RETORT_HDF5_FIELD)
#undef RETORT_HDF5_FIELD
    __typeof__(RETORT_HDF5_LINK_INFO) *_Nonnull link_info;
};

/// Fills the table from an opened library; null, or the name of what it lacks.
static inline const char *_Nullable retort_hdf5_fill(
    struct retort_hdf5 *_Nonnull api, void *_Nonnull library
) {
    void *symbol;
#define RETORT_HDF5_FIND(name) \
    if (!(symbol = dlsym(library, #name))) return #name; \
    memcpy(&api->name, &symbol, sizeof symbol);
    RETORT_HDF5_FUNCTIONS(RETORT_HDF5_FIND)
#undef RETORT_HDF5_FIND
    if (!(symbol = dlsym(library, RETORT_HDF5_LINK_INFO_NAME))) return RETORT_HDF5_LINK_INFO_NAME;
    memcpy(&api->link_info, &symbol, sizeof symbol);
    // The variables have their values only after this.
    if (api->H5open() < 0) return "H5open";
#define RETORT_HDF5_FIND(name) \
    if (!(symbol = dlsym(library, #name))) return #name; \
    api->name = *(hid_t *)symbol;
    RETORT_HDF5_VARIABLES(RETORT_HDF5_FIND)
#undef RETORT_HDF5_FIND
    return NULL;
}

/// Whether an opened library has the version of these headers, but for the last number.
static inline int retort_hdf5_is_ours(void *_Nonnull library) {
    void *symbol = dlsym(library, "H5get_libversion");
    if (!symbol) return 0;
    __typeof__(H5get_libversion) *version;
    memcpy(&version, &symbol, sizeof symbol);
    unsigned major = 0, minor = 0, release = 0;
    return version(&major, &minor, &release) >= 0 && major == H5_VERS_MAJOR &&
        minor == H5_VERS_MINOR;
}

/// The version of these headers: "1.10".
#define RETORT_HDF5_TEXT(x) #x
#define RETORT_HDF5_QUOTED(x) RETORT_HDF5_TEXT(x)
static inline const char *_Nonnull retort_hdf5_version(void) {
    return RETORT_HDF5_QUOTED(H5_VERS_MAJOR) "." RETORT_HDF5_QUOTED(H5_VERS_MINOR);
}

/// Where the innermost reason of a failure is written.
struct retort_hdf5_reason {
    char text[256];
};

static inline herr_t retort_hdf5_note(unsigned depth, const H5E_error2_t *error, void *target) {
    struct retort_hdf5_reason *reason = (struct retort_hdf5_reason *)target;
    if (depth == 0 && error->desc) strncpy(reason->text, error->desc, sizeof reason->text - 1);
    return 0;
}

/// Why the last call failed.
static inline void retort_hdf5_explain(
    const struct retort_hdf5 *_Nonnull api, struct retort_hdf5_reason *_Nonnull reason
) {
    memset(reason, 0, sizeof *reason);
    api->H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, retort_hdf5_note, reason);
}

/// The kind of a link: H5L_TYPE_HARD (0) for what lies in the file itself; negative on failure.
static inline int retort_hdf5_link_type(
    const struct retort_hdf5 *_Nonnull api, hid_t place, const char *_Nonnull name
) {
    retort_hdf5_link_info info;
    memset(&info, 0, sizeof info);
    return api->link_info(place, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
}

#include "trial.h"
