// The library product: everything that a Swift program needs, in one import. `Docs/Library.md` shows
// how. Rooms speak to each other with `package` access, which this does not pass on.
@_exported import RetortFiles
@_exported import RetortKernels
@_exported import RetortModels
@_exported import RetortTensor
@_exported import RetortText
@_exported import RetortTraining
