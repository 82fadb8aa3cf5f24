#pragma once
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The library is not made for files that are damaged on purpose or by chance: versions in use read
// beyond their buffers on some and never return from others. So a file is first read from end to
// end by a child process, which may fall without harm. What the child survives, the parent does
// again in the same order. The child runs only what stands here: after a fork nothing else is safe
// in a program with threads.

/// What becomes of a file that is tried.
enum retort_hdf5_outcome {
    RETORT_HDF5_SURVIVED,
    RETORT_HDF5_CRASHED,
    RETORT_HDF5_STUCK,
    /// No process could be started; errno says why.
    RETORT_HDF5_UNTRIED,
};

/// What is being tried, and how many objects more may be looked at.
struct retort_hdf5_trial {
    const struct retort_hdf5 *_Nonnull api;
    hid_t file;
    unsigned long long size;
    int left;
};

/// The most bytes that are read at a time, and of a chunk.
#define RETORT_HDF5_PIECE (4 << 20)

/// Whether a dataset is kept in a way that Swift would read, too.
static inline int retort_hdf5_trial_storage(
    const struct retort_hdf5 *_Nonnull api, hid_t list, size_t size
) {
    H5D_layout_t layout = api->H5Pget_layout(list);
    if (layout == H5D_COMPACT) return 1;
    if (layout == H5D_CONTIGUOUS) return api->H5Pget_external_count(list) == 0;
    if (layout != H5D_CHUNKED) return 0;
    hsize_t chunk[H5S_MAX_RANK];
    int rank = api->H5Pget_chunk(list, H5S_MAX_RANK, chunk);
    unsigned long long bytes = size;
    for (int i = 0; i < rank; i++) {
        if (__builtin_mul_overflow(bytes, chunk[i], &bytes)) return 0;
    }
    if (rank < 0 || bytes > RETORT_HDF5_PIECE) return 0;
    int count = api->H5Pget_nfilters(list);
    for (int i = 0; i < count; i++) {
        unsigned flags, configuration;
        size_t values = 0;
        H5Z_filter_t filter = api->H5Pget_filter2(
            list, (unsigned)i, &flags, &values, NULL, 0, NULL, &configuration);
        if (filter < H5Z_FILTER_DEFLATE || filter > H5Z_FILTER_FLETCHER32) return 0;
    }
    return 1;
}

/// Reads all rows of a dataset, some at a time.
static inline void retort_hdf5_trial_rows(
    const struct retort_hdf5_trial *_Nonnull trial, hid_t dataset, hid_t type, size_t size
) {
    const struct retort_hdf5 *api = trial->api;
    hid_t space = api->H5Dget_space(dataset);
    hsize_t shape[H5S_MAX_RANK], start[H5S_MAX_RANK] = {0};
    int rank = api->H5Sget_simple_extent_ndims(space);
    if (rank < 0 || api->H5Sget_simple_extent_dims(space, shape, NULL) < 0) return;
    unsigned long long row = size, all;
    for (int i = 1; i < rank; i++) {
        if (__builtin_mul_overflow(row, shape[i], &row)) return;
    }
    if (__builtin_mul_overflow(row, rank ? shape[0] : 1, &all)) return;
    // What cannot be in the file is refused later; what is 0 is not read.
    if (all == 0 || all / 1040 > trial->size) return;
    hsize_t rows = row < RETORT_HDF5_PIECE ? RETORT_HDF5_PIECE / row : 1;
    hsize_t end = rank ? shape[0] : 1;
    void *buffer = malloc(rows < end ? rows * row : all);
    if (!buffer) return;
    for (hsize_t first = 0; first < end; first += rows) {
        hsize_t some = end - first < rows ? end - first : rows, count = some * row / size;
        if (rank == 0) {
            api->H5Dread(dataset, type, 0, 0, 0, buffer);
            break;
        }
        start[0] = first;
        shape[0] = some;
        hid_t target = api->H5Screate_simple(1, &count, NULL);
        if (api->H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, shape, NULL) < 0) break;
        if (api->H5Dread(dataset, type, target, space, 0, buffer) < 0) break;
    }
    free(buffer);
}

static inline void retort_hdf5_trial_dataset(
    const struct retort_hdf5_trial *_Nonnull trial, hid_t dataset
) {
    const struct retort_hdf5 *api = trial->api;
    hid_t type = api->H5Dget_type(dataset), list = api->H5Dget_create_plist(dataset);
    if (type < 0 || list < 0) return;
    H5T_class_t kind = api->H5Tget_class(type);
    size_t size = api->H5Tget_size(type);
    api->H5Tis_variable_str(type);
    if (!retort_hdf5_trial_storage(api, list, size)) return;
    api->H5Dget_storage_size(dataset);
    if ((kind == H5T_INTEGER || kind == H5T_FLOAT) && size >= 1 && size <= 8) {
        retort_hdf5_trial_rows(trial, dataset, type, size);
    }
}

/// Looks at what a group holds, and at the groups in it.
static inline void retort_hdf5_trial_group(
    struct retort_hdf5_trial *_Nonnull trial, const char *_Nonnull path, int depth
) {
    const struct retort_hdf5 *api = trial->api;
    hid_t group = api->H5Oopen(trial->file, path[0] ? path : "/", 0);
    H5G_info_t info;
    if (group < 0 || api->H5Gget_info(group, &info) < 0 || depth >= 16) return;
    for (hsize_t i = 0; i < info.nlinks && trial->left > 0; i++, trial->left--) {
        char name[512], member[8192];
        ssize_t length = api->H5Lget_name_by_idx(
            group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, 0);
        if (length < 0 || (size_t)length >= sizeof name) continue;
        size_t before = strlen(path);
        if (before + (size_t)length + 2 > sizeof member) continue;
        memcpy(member, path, before);
        if (before) member[before++] = '/';
        memcpy(member + before, name, (size_t)length + 1);
        if (api->H5Lexists(trial->file, member, 0) <= 0) continue;
        if (retort_hdf5_link_type(api, trial->file, member) != H5L_TYPE_HARD) continue;
        hid_t object = api->H5Oopen(trial->file, member, 0);
        if (object < 0) continue;
        H5I_type_t kind = api->H5Iget_type(object);
        if (kind == H5I_DATASET) retort_hdf5_trial_dataset(trial, object);
        if (kind == H5I_GROUP) retort_hdf5_trial_group(trial, member, depth + 1);
        api->H5Idec_ref(object);
    }
    api->H5Idec_ref(group);
}

/// Reads the file's attributes that hold one value.
static inline void retort_hdf5_trial_attributes(
    const struct retort_hdf5_trial *_Nonnull trial
) {
    const struct retort_hdf5 *api = trial->api;
    for (hsize_t i = 0; i < 256; i++) {
        hid_t attribute = api->H5Aopen_by_idx(
            trial->file, ".", H5_INDEX_NAME, H5_ITER_INC, i, 0, 0);
        if (attribute < 0) return;
        hid_t type = api->H5Aget_type(attribute), space = api->H5Aget_space(attribute);
        H5T_class_t kind = api->H5Tget_class(type);
        size_t size = api->H5Tget_size(type);
        int is_plain = kind == H5T_INTEGER || kind == H5T_FLOAT ||
            (kind == H5T_STRING && api->H5Tis_variable_str(type) == 0);
        if (is_plain && size <= 65536 && api->H5Sget_simple_extent_npoints(space) == 1) {
            void *value = malloc(size + 1);
            if (value) api->H5Aread(attribute, type, value);
            free(value);
        }
        api->H5Idec_ref(attribute);
    }
}

/// What the child does.
static inline void retort_hdf5_try_here(
    const struct retort_hdf5 *_Nonnull api, const char *_Nonnull path, hid_t access,
    unsigned long long size
) {
    int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    api->H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    struct retort_hdf5_trial trial = {api, api->H5Fopen(path, 0, access), size, 20000};
    if (trial.file < 0) return;
    retort_hdf5_trial_attributes(&trial);
    retort_hdf5_trial_group(&trial, "", 0);
}

/// Reads a file in a child process.
///
/// `size` is the file's; `seconds` is how long the child may take.
static inline enum retort_hdf5_outcome retort_hdf5_try(
    const struct retort_hdf5 *_Nonnull api, const char *_Nonnull path, hid_t access,
    unsigned long long size, double seconds
) {
    pid_t child = fork();
    if (child < 0) return RETORT_HDF5_UNTRIED;
    if (child == 0) {
        retort_hdf5_try_here(api, path, access, size);
        _exit(0);
    }
    struct timespec pause = {0, 200000};
    for (double waited = 0;; waited += pause.tv_nsec * 1e-9) {
        int status = 0;
        pid_t done = waitpid(child, &status, waited < seconds ? WNOHANG : 0);
        if (done == child) {
            if (waited >= seconds) return RETORT_HDF5_STUCK;
            return WIFSIGNALED(status) ? RETORT_HDF5_CRASHED : RETORT_HDF5_SURVIVED;
        }
        if (done < 0 && errno != EINTR) return RETORT_HDF5_UNTRIED;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 10000000) pause.tv_nsec += pause.tv_nsec / 2;
        if (waited + pause.tv_nsec * 1e-9 >= seconds) kill(child, SIGKILL);
    }
}
