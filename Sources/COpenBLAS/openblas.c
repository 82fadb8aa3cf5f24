#include "copenblas.h"
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

// Values of CBLAS_ORDER and CBLAS_TRANSPOSE, which are the same in every BLAS.
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

static void (*sgemm)(
    int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
static char *(*config)(void);

static int has_avx512(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    return 0;
#endif
}

const char *retort_openblas_load(int threads) {
    if (sgemm == NULL) {
        char count[16];
        snprintf(count, sizeof count, "%d", threads);
        setenv("OPENBLAS_NUM_THREADS", count, 1);
        if (has_avx512()) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
        void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) return dlerror();
        config = (char *(*)(void))dlsym(library, "openblas_get_config");
        *(void **)&sgemm = dlsym(library, "cblas_sgemm");
        if (sgemm == NULL) return "it lacks the function cblas_sgemm";
    }
    return NULL;
}

const char *retort_openblas_description(void) { return config ? config() : "OpenBLAS"; }

void retort_openblas_product(
    int transposes_a, int transposes_b, int m, int n, int k, const float *a, int a_stride,
    const float *b, int b_stride, float *c, int c_stride) {
    sgemm(
        ROW_MAJOR, transposes_a ? TRANSPOSED : PLAIN, transposes_b ? TRANSPOSED : PLAIN, m, n, k, 1,
        a, a_stride, b, b_stride, 0, c, c_stride);
}
