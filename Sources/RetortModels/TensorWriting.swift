import RetortFiles
import RetortTensor

/// A tensor with the name and shape that a file gives it.
public struct NamedTensor {
    /// Its name.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    /// f32, or bytes.
    package let type: SafetensorsType
    package let byteCount: Int
    private let buffer: TensorBuffer

    /// Names an f32 tensor.
    package init(_ name: String, _ tensor: Tensor, shape: [Int]? = nil) {
        precondition(tensor.type == .float32)
        self.name = name
        self.shape = shape ?? [tensor.rowCount, tensor.columnCount]
        type = .float32
        byteCount = tensor.count * 4
        buffer = tensor.buffer
    }

    /// Names bytes.
    package init(_ name: String, _ bytes: ByteTensor, shape: [Int]) {
        self.name = name
        self.shape = shape
        type = .uint8
        byteCount = bytes.count
        buffer = bytes.buffer
    }

    /// A parameter, or a tensor of its size, in the shape of model files.
    package init(_ parameter: Parameter, name: String? = nil, tensor: Tensor? = nil) {
        self.init(name ?? parameter.name, tensor ?? parameter.value, shape: parameter.shape)
    }

    package var entry: SafetensorsEntry { SafetensorsEntry(name, type, shape: shape) }

    /// The memory, for as long as this lives.
    package var memory: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: buffer.base, count: byteCount)
    }
}

extension SafetensorsWriter where Sink: ~Copyable {
    /// Writes tensors that the header announced.
    package mutating func append(_ tensors: [NamedTensor]) throws {
        for named in tensors {
            try unsafe append(UnsafeRawBufferPointer(named.memory).bytes, to: named.name)
        }
    }
}

/// Writes tensors as one safetensors file, whole or not at all.
package func writeTensors(
    _ tensors: [NamedTensor], to path: String, metadata: [(key: String, value: String)] = []
) throws {
    var writer = try SafetensorsWriter(path, tensors.map(\.entry), metadata: metadata)
    try writer.append(tensors)
    _ = try writer.finish()
}
