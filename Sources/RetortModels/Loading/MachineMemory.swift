#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The machine's memory in bytes.
let machineMemory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
