// Products of integers: what the modules for processors with AVX-512 VNNI use besides kernels.h.
#pragma once
#include "kernels.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#include <immintrin.h>

// acc[l] += a[2l] * b[2l] + a[2l+1] * b[2l+1]: signed words.
RK __m512i rk_dot_words(__m512i acc, __m512i a, __m512i b) {
    return _mm512_dpwssd_epi32(acc, a, b);
}
// acc[l] += the sum of four products: unsigned bytes of a, signed ones of b.
RK __m512i rk_dot_bytes(__m512i acc, __m512i a, __m512i b) {
    return _mm512_dpbusd_epi32(acc, a, b);
}
// Sixteen bytes in each quarter.
RK __m512i rk_broadcast_quarter(const void *p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p));
}
// (v & mask) ^ flip
RK __m512i rk_and_xor(__m512i v, __m512i mask, __m512i flip) {
    return _mm512_ternarylogic_epi64(v, mask, flip, 0x6a);
}
RK __m512i rk_words_from_i8(const void *p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
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
// 32 words of two vectors of i32, in order.
RK __m512i rk_narrow_to_words(__m512i low, __m512i high) {
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm512_cvtepi32_epi16(low)), _mm512_cvtepi32_epi16(high), 1);
}
RK __m512i rk_permute_words(__m512i v, __m512i order) {
    return _mm512_permutexvar_epi16(order, v);
}
RK void rk_store_as_bytes(void *p, __m512i v) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(v));
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
// The f16 at the beginning of sixteen blocks of `bytes` bytes, then those at `second`, picked out of
// the vectors that hold the blocks. Both numbers are constants: so are the orders, once inlined.
RK __m512i rk_gather_f16(const void *start, int bytes, int second) {
    typedef uint16_t words __attribute__((vector_size(64)));
    const words places = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31};
    words wanted = (places & 15) * (uint16_t)(bytes / 2) + (places >> 4) * (uint16_t)(second / 2);
    __m512i result = _mm512_setzero_si512();
    for (int j = 0; 64 * j < 16 * bytes; j++) {
        // The last vector ends with the last block. Words that an earlier one had stay.
        int at = 64 * j < 16 * bytes - 64 ? 64 * j : 16 * bytes - 64;
        words here = (words)(wanted >= (uint16_t)(32 * j)) & (words)(wanted < (uint16_t)(32 * j + 32));
        words order = (here & (wanted - (uint16_t)(at / 2) + 32)) | (~here & places);
        result = _mm512_permutex2var_epi16(
            result, (__m512i)order, _mm512_loadu_si512((const char *)start + at));
    }
    return result;
}
RK __m512 rk_from_f16_low(__m512i v) { return _mm512_cvtph_ps(_mm512_castsi512_si256(v)); }
RK __m512 rk_from_f16_high(__m512i v) { return _mm512_cvtph_ps(_mm512_extracti64x4_epi64(v, 1)); }
#endif
