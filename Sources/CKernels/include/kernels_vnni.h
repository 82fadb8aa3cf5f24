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
// The low or high halves of all bytes.
RK __m512i rk_low_nibble_bytes(__m512i v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
RK __m512i rk_high_nibble_bytes(__m512i v) {
    return rk_low_nibble_bytes(_mm512_srli_epi16(v, 4));
}
RK __m512i rk_times_256(__m512i v) { return _mm512_slli_epi32(v, 8); }
// The signed bytes of sixteen numbers below 2^15 - 128 in size: v = 256 * upper + lower.
RK void rk_store_split(void *upper, void *lower, __m512i v) {
    __m512i rounded = _mm512_add_epi32(v, _mm512_set1_epi32(128));
    rk_store_as_bytes(upper, _mm512_srai_epi32(rounded, 8));
    rk_store_as_bytes(lower, v);
}
#endif
