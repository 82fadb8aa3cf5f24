// What Swift cannot say itself: instructions whose operand types it does not import, intrinsics that
// are macros, atomics on raw words, and the futex call. Everything here is inlined into the Swift
// module that uses it; the vector parts appear only in modules that are compiled for such a CPU, so
// that a wrong build does not compile instead of running slowly.
#pragma once
#include <stdint.h>

#define RK static inline __attribute__((always_inline))

RK float rk_log(float x) { return __builtin_logf(x); }

#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#include <immintrin.h>

// acc[l] += a[2l] * b[2l] + a[2l+1] * b[2l+1]: bf16 products, f32 sums.
RK __m512 rk_dot_bf16(__m512 acc, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
}
// Zero, which the compiler must not know: it would fill registers by way of memory.
RK __m512 rk_zero(void) {
    __m512 zero = _mm512_setzero_ps();
    __asm__("" : "+v"(zero));
    return zero;
}
RK __m512 rk_fma(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
// 32 bf16 in the order low[0..15], high[0..15], rounded to nearest even.
RK __m512i rk_pack_bf16(__m512 low, __m512 high) {
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}
RK __m256i rk_to_bf16(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }
RK __m512 rk_from_bf16(const void *p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
RK __m512 rk_from_f16(const void *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
// One f16 in every lane. (A scalar conversion merges into a register and waits for its last use.)
RK __m512 rk_broadcast_f16(const void *p) {
    uint16_t half;
    __builtin_memcpy(&half, p, 2);
    return _mm512_cvtph_ps(_mm256_set1_epi16((short)half));
}
RK __m512 rk_from_i8(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
RK __m512 rk_low_nibbles(const void *p) {
    __m512i v = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm512_cvtepi32_ps(_mm512_and_si512(v, _mm512_set1_epi32(15)));
}
RK __m512 rk_high_nibbles(const void *p) {
    __m512i v = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(v, 4));
}
// Shuffles of 128-bit lanes: the immediates are macros that Swift does not import.
RK __m512i rk_even_lanes(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0x88); }
RK __m512i rk_odd_lanes(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0xdd); }
RK __m512i rk_unpack_low32(__m512i a, __m512i b) { return _mm512_unpacklo_epi32(a, b); }
RK __m512i rk_unpack_high32(__m512i a, __m512i b) { return _mm512_unpackhi_epi32(a, b); }
RK __m512i rk_unpack_low64(__m512i a, __m512i b) { return _mm512_unpacklo_epi64(a, b); }
RK __m512i rk_unpack_high64(__m512i a, __m512i b) { return _mm512_unpackhi_epi64(a, b); }
RK __m512i rk_permute16(__m512i a, __m512i order, __m512i b) {
    return _mm512_permutex2var_epi16(a, order, b);
}
RK __m512 rk_round(__m512 x) { return _mm512_roundscale_ps(x, 8); }
// x * 2^n, saturating.
RK __m512 rk_scale2(__m512 x, __m512 n) { return _mm512_scalef_ps(x, n); }
RK __m512 rk_max(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
RK float rk_sum(__m512 v) { return _mm512_reduce_add_ps(v); }
RK float rk_largest(__m512 v) { return _mm512_reduce_max_ps(v); }
RK __m512 rk_sqrt(__m512 v) { return _mm512_sqrt_ps(v); }
// The first `count` lanes, count in 0...16; the others are zero, or are not stored.
RK __m512 rk_load_first(const void *p, int count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}
RK void rk_store_first(void *p, __m512 v, int count) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), v);
}
RK void rk_store_first_bf16(void *p, __m512 v, int count) {
    __m512i wide = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(v));
    _mm512_mask_cvtepi32_storeu_epi16(p, (__mmask16)((1u << count) - 1), wide);
}
RK __m512 rk_load_first_bf16(const void *p, int count) {
    __m512i words = _mm512_maskz_loadu_epi16((__mmask32)((1u << count) - 1), p);
    __m512i wide = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(words));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
#endif

// Atomics on plain words: Synchronization.Atomic gives no address, and a futex needs one.
RK uint32_t rk_load(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
RK void rk_store(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
RK uint32_t rk_add(uint32_t *p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }

#if defined(__x86_64__)
RK void rk_pause(void) { __builtin_ia32_pause(); }
// AVX-512 with bf16 products, and an operating system that keeps its registers.
RK int rk_has_avx512_bf16(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bf16")
        && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("bmi2");
}
#else
RK void rk_pause(void) { __asm__ volatile("isb"); }
RK int rk_has_avx512_bf16(void) { return 0; }
#endif

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
// Processors in this process's affinity mask; at least 1.
RK int rk_allowed_cpus(void) {
    unsigned long mask[128] = {0};
    int count = 0;
    if (syscall(SYS_sched_getaffinity, 0, sizeof mask, mask) <= 0) return 1;
    for (int i = 0; i < 128; i++) count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}
RK void rk_wait(uint32_t *p, uint32_t expected) {
    syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}
RK void rk_wake(uint32_t *p, int count) {
    syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}
#endif
