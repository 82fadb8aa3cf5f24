import RetortFiles
import RetortTensor

/// A tensor with the name and shape that a file gives it.
package struct NamedTensor {
    package let name: String
    package let shape: [Int]
    package let tensor: Tensor

    /// Names an f32 tensor.
    package init(_ name: String, _ tensor: Tensor, shape: [Int]? = nil) {
        self.name = name
        self.tensor = tensor
        self.shape = shape ?? [tensor.rowCount, tensor.columnCount]
    }

    /// A parameter, or a tensor of its size, in the shape of model files.
    package init(_ parameter: Parameter, name: String? = nil, tensor: Tensor? = nil) {
        self.init(name ?? parameter.name, tensor ?? parameter.value, shape: parameter.shape)
    }

    package var entry: SafetensorsEntry { SafetensorsEntry(name, .float32, shape: shape) }
}

extension SafetensorsWriter where Sink: ~Copyable {
    /// Writes f32 tensors that the header announced.
    package mutating func append(_ tensors: [NamedTensor]) throws {
        for named in tensors {
            let tensor = named.tensor
            try unsafe append(
                UnsafeRawBufferPointer(start: tensor.buffer.base, count: tensor.count * 4).bytes,
                to: named.name)
        }
    }
}

/// Writes f32 tensors as one safetensors file, whole or not at all.
package func writeTensors(
    _ tensors: [NamedTensor], to path: String, metadata: [(key: String, value: String)] = []
) throws {
    var writer = try SafetensorsWriter(path, tensors.map(\.entry), metadata: metadata)
    try writer.append(tensors)
    _ = try writer.finish()
}
