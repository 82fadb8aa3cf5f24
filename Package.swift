// swift-tools-version: 6.2
import PackageDescription

/// Settings of a module that is compiled for some processors.
///
/// Swift's code follows what clang is told.
func kernels(_ clangFlags: String...) -> [SwiftSetting] {
    [.unsafeFlags(["-Ounchecked"] + clangFlags.flatMap { ["-Xcc", $0] })]
}

// What every processor has that runs the package, and the CPU levels: a module each, all of one folder
// of sources.
#if arch(x86_64)
    let baseline = kernels("-march=x86-64-v3")
    let levels = [
        ("KernelsAVX512BF16", kernels("-march=x86-64-v4", "-mavx512bf16", "-mavx512vnni")),
        ("KernelsAVX512", kernels("-march=x86-64-v4")),
        ("KernelsAVX2", baseline),
    ]
#elseif arch(arm64)
    let baseline = kernels()
    let levels = [("KernelsNEON", baseline)]
#else
    let baseline = kernels()
    let levels: [(String, [SwiftSetting])] = []
#endif

/// Every room but the kernels asks the compiler to point out unmarked raw memory.
let room: [SwiftSetting] = [.strictMemorySafety()]

let package = Package(
    name: "retort",
    products: [
        .library(name: "Retort", targets: ["Retort"]),
        .executable(name: "retort", targets: ["RetortCommand"]),
    ],
    targets: [
        // System libraries: a module map each.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "COniguruma", pkgConfig: "oniguruma", providers: [.apt(["libonig-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        // Without pkgConfig, which would link it: the library is opened at its first use.
        .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"])]),

        // Arithmetic on raw memory. One module per CPU level, chosen at run time.
        .target(name: "CKernels"),
        // Opened by the benchmark that compares with it.
        .target(name: "COpenBLAS"),
        .target(
            name: "RetortKernels",
            dependencies: ["CKernels", "COpenBLAS"] + levels.map { .target(name: $0.0) },
            swiftSettings: baseline),

        // The rooms, each knowing only those above it in this list.
        .target(name: "RetortTensor", dependencies: ["RetortKernels"], swiftSettings: room),
        .target(name: "CDigest"),
        .target(
            name: "RetortFiles", dependencies: ["CDigest", "CZstd", "CYAML", "CHDF5"],
            swiftSettings: room),
        .target(name: "CCurl"),
        .target(name: "RetortNetwork", dependencies: ["CCurl"], swiftSettings: room),
        .target(
            name: "RetortText", dependencies: ["RetortFiles", "COniguruma"], swiftSettings: room),
        .target(
            name: "RetortModels", dependencies: ["RetortTensor", "RetortFiles", "RetortText"],
            swiftSettings: room),
        .target(
            name: "RetortTraining", dependencies: ["RetortModels", "RetortNetwork"],
            swiftSettings: room),
        .target(
            name: "Retort",
            dependencies: [
                "RetortTraining", "RetortModels", "RetortText", "RetortFiles", "RetortTensor",
                "RetortKernels",
            ], swiftSettings: room),
        .executableTarget(name: "RetortCommand", dependencies: ["Retort"], swiftSettings: room),

        .testTarget(
            name: "RetortKernelsTests", dependencies: ["RetortKernels", "RetortFiles", "COpenBLAS"]),
        .testTarget(name: "RetortTensorTests", dependencies: ["RetortTensor"]),
        .testTarget(name: "RetortFilesTests", dependencies: ["RetortFiles"]),
        .target(name: "LoopbackServer", path: "Tests/LoopbackServer"),
        .testTarget(name: "RetortNetworkTests", dependencies: ["RetortNetwork", "LoopbackServer"]),
        .testTarget(name: "RetortTextTests", dependencies: ["RetortText"]),
        .testTarget(name: "RetortModelsTests", dependencies: ["RetortModels"]),
        .testTarget(
            name: "RetortTrainingTests", dependencies: ["RetortTraining", "LoopbackServer"]),
        .testTarget(name: "RetortLibraryTests", dependencies: ["Retort"]),
        .testTarget(
            name: "RetortCommandTests", dependencies: ["RetortCommand", "LoopbackServer"]),
    ]
        + levels.map { name, settings in
            .target(name: name, dependencies: ["CKernels"], swiftSettings: settings)
        }
)
