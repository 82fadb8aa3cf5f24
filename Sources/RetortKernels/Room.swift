// RetortKernels
