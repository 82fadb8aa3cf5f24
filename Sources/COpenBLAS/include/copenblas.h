#pragma once

// OpenBLAS, opened when `retort bench matmul` compares itself with it. Nothing else uses it, so it is
// neither linked nor needed to build.

/// Opens the library; null if all is well, else the reason in the loader's words.
///
/// A version that is older than the processor may take kernels for AVX2 where there is AVX-512, unless
/// OPENBLAS_CORETYPE says otherwise when it is opened; what the user set there is kept.
/// Not safe to be called by two threads at once. Nothing below may be called before it succeeds.
const char *retort_openblas_load(int threads);

/// What the library says of its version and build.
const char *retort_openblas_description(void);

/// C = op(A) op(B), row by row in f32; C has m rows and n columns, the sum runs over k.
void retort_openblas_product(
    int transposes_a, int transposes_b, int m, int n, int k, const float *a, int a_stride,
    const float *b, int b_stride, float *c, int c_stride);
