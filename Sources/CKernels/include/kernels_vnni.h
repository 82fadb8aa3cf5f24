// Products of integers: what the modules for processors with AVX-512 VNNI use besides kernels.h.
#pragma once
#include "kernels.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#include <immintrin.h>

// acc[l] += the sum of four products: unsigned bytes of a, signed ones of b.
RK __m512i rk_dot_bytes(__m512i acc, __m512i a, __m512i b) {
    return _mm512_dpbusd_epi32(acc, a, b);
}
RK __m512 rk_from_i32(__m512i v) { return _mm512_cvtepi32_ps(v); }
// Rounded to nearest even.
RK __m512i rk_to_i32(__m512 v) { return _mm512_cvtps_epi32(v); }
// The largest magnitude; a NaN is the largest of all.
RK float rk_largest_magnitude(__m512 a, __m512 b) {
    __m512i mask = _mm512_set1_epi32(0x7fffffff);
    __m512i x = _mm512_and_si512(_mm512_castps_si512(a), mask);
    __m512i y = _mm512_and_si512(_mm512_castps_si512(b), mask);
    int bits = _mm512_reduce_max_epi32(_mm512_max_epi32(x, y));
    float result;
    __builtin_memcpy(&result, &bits, 4);
    return result;
}
RK __m512i rk_add_i32(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
RK int rk_sum_i32(__m512i v) { return _mm512_reduce_add_epi32(v); }
// 32 bytes of nibbles: the low ones, then the high ones.
RK __m256i rk_nibble_bytes(const void *p) {
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i mask = _mm_set1_epi8(15);
    return _mm256_set_m128i(
        _mm_and_si128(_mm_srli_epi16(v, 4), mask), _mm_and_si128(v, mask));
}
// 32 signed bytes plus 128.
RK __m256i rk_offset_bytes(const void *p) {
    return _mm256_xor_si256(
        _mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi8((char)0x80));
}
// What follows takes four blocks of `bytes` bytes together, and reads nothing beyond them. All numbers
// are constants: so are the orders of words, once inlined.

// 16 bytes of each block, those from `first` on, side by side.
RK __m512i rk_four_parts(const void *start, int bytes, int first) {
    typedef uint16_t words __attribute__((vector_size(64)));
    const words places = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31};
    // One vector holds the parts of the first two blocks, another those of the last two.
    int last = 4 * bytes - 64;
    int a = bytes + first + 16 <= 64 ? 0 : first;
    int b = 2 * bytes < last && bytes + first + 16 <= 64 ? 2 * bytes : last;
    words wanted = (places >> 3) * (uint16_t)(bytes / 2) + (places & 7) + (uint16_t)(first / 2);
    words isLater = (words)(places >= 16);
    words order = wanted - (~isLater & (uint16_t)(a / 2)) - (isLater & (uint16_t)(b / 2 - 32));
    return _mm512_permutex2var_epi16(
        _mm512_loadu_si512((const char *)start + a), (__m512i)order,
        _mm512_loadu_si512((const char *)start + b));
}
// The f16 at the beginning of each block, four times, and in the upper half those at `second` once.
RK __m512i rk_four_f16(const void *start, int bytes, int second) {
    typedef uint16_t words __attribute__((vector_size(64)));
    const words places = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31};
    words isUpper = (words)(places >= 16);
    words block = (~isUpper & places >> 2) | (isUpper & places & 3);
    words wanted = block * (uint16_t)(bytes / 2) + (isUpper & (uint16_t)(second / 2));
    __m512i from = _mm512_loadu_si512(start);
    if (3 * bytes + second + 2 <= 64) return _mm512_permutexvar_epi16((__m512i)wanted, from);
    words isLater = (words)(block >= 2);
    return _mm512_permutex2var_epi16(
        from, (__m512i)(wanted - (isLater & (uint16_t)(bytes - 32))),
        _mm512_loadu_si512((const char *)start + 2 * bytes));
}
RK __m512i rk_low_nibble_bytes(__m512i v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
RK __m512i rk_high_nibble_bytes(__m512i v) {
    return rk_low_nibble_bytes(_mm512_srli_epi16(v, 4));
}
RK __m512i rk_flip_sign_bytes(__m512i v) {
    return _mm512_xor_si512(v, _mm512_set1_epi8((char)0x80));
}
RK __m512i rk_times_256(__m512i v) { return _mm512_slli_epi32(v, 8); }
// The signed bytes of sixteen numbers below 2^15 - 128 in size: v = 256 * upper + lower.
RK void rk_store_split(void *upper, void *lower, __m512i v) {
    __m512i rounded = _mm512_add_epi32(v, _mm512_set1_epi32(128));
    rk_store_as_bytes(upper, _mm512_srai_epi32(rounded, 8));
    rk_store_as_bytes(lower, v);
}
RK __m128 rk_four_from_f16_high(__m512i v) {
    return _mm_cvtph_ps(_mm512_extracti32x4_epi32(v, 2));
}
RK __m128 rk_fma4(__m128 a, __m128 b, __m128 c) { return _mm_fmadd_ps(a, b, c); }
RK __m512 rk_widen4(__m128 v) { return _mm512_zextps128_ps512(v); }
RK __m512 rk_from_f16_low(__m512i v) { return _mm512_cvtph_ps(_mm512_castsi512_si256(v)); }
#endif
