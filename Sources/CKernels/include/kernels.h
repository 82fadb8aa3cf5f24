// What Swift cannot say itself: instructions whose operand types it does not import, intrinsics that
// are macros, atomics on raw words, and the futex call. Everything here is inlined into the Swift
// module that uses it; the vector parts appear only in modules that are compiled for such a CPU, so
// that a wrong build does not compile instead of running slowly.
#pragma once
#include <stdint.h>

#define RK static inline __attribute__((always_inline))

RK const char *rk_portable(void) { return "portable"; }
// The name of the level that the importing module is compiled for, if it is one: a level's module asks
// for its own, so that one with wrong flags does not compile.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define RK_AVX512 1
#if defined(__AVX512BF16__) && defined(__AVX512VNNI__)
#define RK_AVX512_BF16 1
RK const char *rk_avx512_bf16(void) { return "avx512-bf16"; }
#else
RK const char *rk_avx512(void) { return "avx512"; }
#endif
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define RK_AVX2 1
RK const char *rk_avx2(void) { return "avx2"; }
#elif defined(__ARM_NEON) && defined(__aarch64__)
#define RK_NEON 1
RK const char *rk_neon(void) { return "neon"; }
#endif

// Asks for a cache line that will be written soon.
RK void rk_prefetch(const void *p) { __builtin_prefetch(p, 1, 3); }
// Asks for one that will soon be read.
RK void rk_prefetch_read(const void *p) { __builtin_prefetch(p, 0, 3); }
// Asks for one that will be read later, in the second-level cache.
RK void rk_prefetch_near(const void *p) { __builtin_prefetch(p, 0, 2); }
RK float rk_log(float x) { return __builtin_logf(x); }

#if RK_AVX512
#include <immintrin.h>

#if RK_AVX512_BF16
// acc[l] += a[2l] * b[2l] + a[2l+1] * b[2l+1]: bf16 products, f32 sums.
RK __m512 rk_dot_bf16(__m512 acc, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
}
// What the products of a word still lack: nothing.
RK __m512 rk_dot_bf16_rest(__m512 acc, __m512i a, __m512i b) { return acc; }
// 32 bf16 in the order low[0..15], high[0..15], rounded to nearest even.
RK __m512i rk_pack_bf16(__m512 low, __m512 high) {
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}
RK __m256i rk_to_bf16(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }
RK void rk_store_first_bf16(void *p, __m512 v, int count) {
    __m512i wide = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(v));
    _mm512_mask_cvtepi32_storeu_epi16(p, (__mmask16)((1u << count) - 1), wide);
}
#endif
// low[0], high[0], low[1], high[1] and so on: the halves of 32 shorts in turn.
RK __m512i rk_zip_halves(__m512i v) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
        19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, v);
}
#if RK_AVX512_BF16
// Neighbours in the reduction: a[0], b[0], a[1], b[1] and so on as bf16.
RK __m512i rk_pair_bf16(__m512 a, __m512 b) { return rk_zip_halves(rk_pack_bf16(a, b)); }
#endif
// Zero, which the compiler must not know: it would fill registers by way of memory.
RK __m512 rk_zero(void) {
    __m512 zero = _mm512_setzero_ps();
    __asm__("" : "+v"(zero));
    return zero;
}
RK __m512 rk_fma(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
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
// a[0], b[0], a[1], b[1] and so on: the first and the last sixteen pairs of 32 shorts each.
RK __m512i rk_zip16_low(__m512i a, __m512i b) {
    const __m512i order = _mm512_set_epi16(
        47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37, 5, 36, 4,
        35, 3, 34, 2, 33, 1, 32, 0);
    return _mm512_permutex2var_epi16(a, order, b);
}
RK __m512i rk_zip16_high(__m512i a, __m512i b) {
    const __m512i order = _mm512_set_epi16(
        63, 31, 62, 30, 61, 29, 60, 28, 59, 27, 58, 26, 57, 25, 56, 24, 55, 23, 54, 22, 53, 21, 52,
        20, 51, 19, 50, 18, 49, 17, 48, 16);
    return _mm512_permutex2var_epi16(a, order, b);
}
RK __m512 rk_round(__m512 x) { return _mm512_roundscale_ps(x, 8); }
// Arguments whose exponentials are neither 0 nor infinite, and those just beyond; NaN stays. Here the
// upper end is left to rk_scale2.
RK __m512 rk_exponents(__m512 x) { return _mm512_max_ps(_mm512_set1_ps(-150), x); }
// Arguments that rk_scale2 takes: all.
RK __m512 rk_scalable(__m512 x) { return x; }
// x * 2^n, saturating.
RK __m512 rk_scale2(__m512 x, __m512 n) { return _mm512_scalef_ps(x, n); }
RK __m512 rk_max(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
RK __m512 rk_min(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
RK float rk_sum(__m512 v) { return _mm512_reduce_add_ps(v); }
RK float rk_largest(__m512 v) { return _mm512_reduce_max_ps(v); }
// The sums of all lanes of four vectors.
RK void rk_store_sums(float *p, __m512 a, __m512 b, __m512 c, __m512 d) {
    __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    __m512 all = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
    __m256 half = _mm256_add_ps(
        _mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}
RK __m512 rk_sqrt(__m512 v) { return _mm512_sqrt_ps(v); }
// The first `count` lanes, count in 0...16; the others are zero, or are not stored.
RK __m512 rk_load_first(const void *p, int count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}
RK void rk_store_first(void *p, __m512 v, int count) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), v);
}
// Sixteen unsigned bytes as words, and the last bytes of words.
RK __m512i rk_load_bytes(const void *p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
RK __m512i rk_load_first_bytes(const void *p, int count) {
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8((__mmask16)((1u << count) - 1), p));
}
RK void rk_store_as_bytes(void *p, __m512i v) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(v));
}
RK void rk_store_first_as_bytes(void *p, __m512i v, int count) {
    _mm512_mask_cvtepi32_storeu_epi8(p, (__mmask16)((1u << count) - 1), v);
}
// Lanes low ..< high of 0 ... 16; the others become zero.
RK __m512 rk_keep(__m512 v, int low, int high) {
    return _mm512_maskz_mov_ps((__mmask16)((1u << high) - (1u << low)), v);
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
RK uint64_t rk_load64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
RK void rk_store64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
// Stores v where `expected` stands; whether it stood there.
RK _Bool rk_replace64(uint64_t *p, uint64_t expected, uint64_t v) {
    return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#if defined(__x86_64__)
RK void rk_pause(void) { __builtin_ia32_pause(); }
// What the levels need of the processor, and of an operating system that keeps its registers.
RK int rk_has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3");
}
RK int rk_has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4");
}
RK int rk_has_avx512_bf16(void) {
    return rk_has_avx512() && __builtin_cpu_supports("avx512bf16")
        && __builtin_cpu_supports("avx512vnni");
}
#else
RK void rk_pause(void) { __asm__ volatile("isb"); }
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
