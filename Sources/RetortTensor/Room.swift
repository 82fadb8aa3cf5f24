// RetortTensor
