import RetortKernels
import RetortModels
import RetortTensor

/// A moment of one parameter in 8 bits: a code per value, a scale per block.
struct MomentCodes {
    private let codes: ByteTensor
    private let scales: Tensor

    /// Those of zeros.
    init(_ count: Int, in workspace: Workspace) {
        codes = workspace.zeroBytes(count)
        scales = workspace.zeros(1, QuantizedMoment.blockCount(count))
    }

    /// The memory as the update rule changes it.
    var moment: QuantizedMoment {
        unsafe QuantizedMoment(codes: codes.bytes, scales: scales.floats)
    }

    /// What a checkpoint holds of it.
    func state(_ name: String, of parameter: Parameter) -> [NamedTensor] {
        [
            NamedTensor("\(name)_codes.\(parameter.name)", codes, shape: parameter.shape),
            NamedTensor("\(name)_scales.\(parameter.name)", scales, shape: [scales.count]),
        ]
    }
}
