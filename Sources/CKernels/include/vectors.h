// The functions of kernels.h for processors that lack the instructions: products and roundings of bf16
// for those with AVX-512, everything for those with AVX2 or NEON. A vector has 64 bytes here too, in
// clang's own notation, and the compiler makes two or four registers of it.
#pragma once
#include "kernels.h"

// Everything is inlined: that vectors of 64 bytes would be passed in memory matters to nobody.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#if RK_AVX512 || RK_AVX2 || RK_NEON
typedef float rk_floats __attribute__((vector_size(64)));
typedef uint32_t rk_bits __attribute__((vector_size(64)));
// What Swift sees as 64 and 32 bytes of anything.
typedef long long rk_words __attribute__((vector_size(64)));
typedef long long rk_half_words __attribute__((vector_size(32)));
typedef uint16_t rk_shorts __attribute__((vector_size(64)));
typedef uint16_t rk_half_shorts __attribute__((vector_size(32)));

// Reads a vector of any type from anywhere.
#define RK_READ(type, p) ({ type v_; __builtin_memcpy(&v_, (p), sizeof v_); v_; })
#endif

#if (RK_AVX512 && !RK_AVX512_BF16) || RK_AVX2 || RK_NEON
// f32 whose upper halves are the nearest bf16, ties to even; a NaN stays one. Lower halves are left over.
RK rk_bits rk_rounded_bf16(rk_floats v) {
    rk_bits bits = (rk_bits)v, nan = (rk_bits)(v != v);
    return (nan & (bits | 0x400000)) | (~nan & (bits + 0x7fff + (bits >> 16 & 1)));
}
// acc[l] += a[2l] * b[2l] in the first step, a[2l+1] * b[2l+1] in the second: a bf16 is the upper half
// of an f32.
RK rk_floats rk_dot_bf16(rk_floats acc, rk_words a, rk_words b) {
    return __builtin_elementwise_fma(
        (rk_floats)((rk_bits)a << 16), (rk_floats)((rk_bits)b << 16), acc);
}
RK rk_floats rk_dot_bf16_rest(rk_floats acc, rk_words a, rk_words b) {
    return __builtin_elementwise_fma(
        (rk_floats)((rk_bits)a & 0xffff0000), (rk_floats)((rk_bits)b & 0xffff0000), acc);
}
RK rk_words rk_pair_bf16(rk_floats a, rk_floats b) {
    return (rk_words)((rk_rounded_bf16(a) >> 16) | (rk_rounded_bf16(b) & 0xffff0000));
}
RK rk_half_words rk_to_bf16(rk_floats v) {
    return (rk_half_words)__builtin_convertvector(rk_rounded_bf16(v) >> 16, rk_half_shorts);
}
RK rk_words rk_pack_bf16(rk_floats low, rk_floats high) {
    return __builtin_shufflevector(
        rk_to_bf16(low), rk_to_bf16(high), 0, 1, 2, 3, 4, 5, 6, 7);
}
RK void rk_store_first_bf16(void *p, rk_floats v, int count) {
    rk_half_words rounded = rk_to_bf16(v);
    __builtin_memcpy(p, &rounded, 2 * (size_t)count);
}
#endif

#if RK_AVX2 || RK_NEON
// A vector is several registers, so that this one is left to the compiler.
RK rk_floats rk_zero(void) { return (rk_floats){0}; }
RK rk_floats rk_fma(rk_floats a, rk_floats b, rk_floats c) {
    return __builtin_elementwise_fma(a, b, c);
}
RK rk_floats rk_widened_bf16(rk_half_shorts v) {
    return (rk_floats)(__builtin_convertvector(v, rk_bits) << 16);
}
RK rk_floats rk_from_bf16(const void *p) { return rk_widened_bf16(RK_READ(rk_half_shorts, p)); }
typedef _Float16 rk_half_floats __attribute__((vector_size(32)));
RK rk_floats rk_from_f16(const void *p) {
    return __builtin_convertvector(RK_READ(rk_half_floats, p), rk_floats);
}
RK rk_floats rk_broadcast_f16(const void *p) {
    uint16_t half = RK_READ(uint16_t, p);
    rk_half_shorts all = {half, half, half, half, half, half, half, half,
                          half, half, half, half, half, half, half, half};
    return __builtin_convertvector((rk_half_floats)all, rk_floats);
}
typedef int8_t rk_bytes __attribute__((vector_size(16)));
typedef uint8_t rk_nibbles __attribute__((vector_size(16)));
RK rk_floats rk_from_i8(const void *p) {
    return __builtin_convertvector(RK_READ(rk_bytes, p), rk_floats);
}
RK rk_floats rk_low_nibbles(const void *p) {
    return __builtin_convertvector(RK_READ(rk_nibbles, p) & 15, rk_floats);
}
RK rk_floats rk_high_nibbles(const void *p) {
    return __builtin_convertvector(RK_READ(rk_nibbles, p) >> 4, rk_floats);
}
// The shuffles of AVX-512 on words of 32 and 64 bits and on quarters of a vector.
RK rk_words rk_even_lanes(rk_words a, rk_words b) {
    return __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13);
}
RK rk_words rk_odd_lanes(rk_words a, rk_words b) {
    return __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
}
RK rk_words rk_unpack_low32(rk_words a, rk_words b) {
    return (rk_words)__builtin_shufflevector(
        (rk_bits)a, (rk_bits)b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}
RK rk_words rk_unpack_high32(rk_words a, rk_words b) {
    return (rk_words)__builtin_shufflevector(
        (rk_bits)a, (rk_bits)b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}
RK rk_words rk_unpack_low64(rk_words a, rk_words b) {
    return __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
}
RK rk_words rk_unpack_high64(rk_words a, rk_words b) {
    return __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
}
RK rk_words rk_zip16_low(rk_words a, rk_words b) {
    return (rk_words)__builtin_shufflevector(
        (rk_shorts)a, (rk_shorts)b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 8, 40,
        9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47);
}
RK rk_words rk_zip16_high(rk_words a, rk_words b) {
    return (rk_words)__builtin_shufflevector(
        (rk_shorts)a, (rk_shorts)b, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
        24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63);
}
RK rk_words rk_zip_halves(rk_words v) {
    return (rk_words)__builtin_shufflevector(
        (rk_shorts)v, (rk_shorts)v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24,
        9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
RK rk_floats rk_round(rk_floats x) { return __builtin_elementwise_roundeven(x); }
RK rk_floats rk_sqrt(rk_floats v) { return __builtin_elementwise_sqrt(v); }
RK rk_floats rk_select(rk_bits where, rk_floats a, rk_floats b) {
    return (rk_floats)((where & (rk_bits)a) | (~where & (rk_bits)b));
}
// As x86's: b where one of the two is no number.
RK rk_floats rk_max(rk_floats a, rk_floats b) { return rk_select((rk_bits)(a > b), a, b); }
RK rk_floats rk_min(rk_floats a, rk_floats b) { return rk_select((rk_bits)(a < b), a, b); }
RK rk_floats rk_exponents(rk_floats x) {
    const rk_floats most = (rk_floats){0} + 150;
    x = rk_max(-most, x);
    return rk_select((rk_bits)(most < x), most, x);
}
RK rk_floats rk_scalable(rk_floats x) { return rk_exponents(x); }
// n is within 252 of zero: 2^n in two factors, as subnormal results need. The sum has n in its last
// bits, and is shifted into the place of an exponent.
RK rk_floats rk_scale2(rk_floats x, rk_floats n) {
    rk_bits whole = (rk_bits)(n + 0x1.8p23f), half = whole >> 1;
    rk_floats one = (rk_floats)((half << 23) + 0x3f800000);
    rk_floats other = (rk_floats)(((whole - half) << 23) + 0x3f800000);
    return x * one * other;
}
typedef float rk_floats8 __attribute__((vector_size(32)));
typedef float rk_floats4 __attribute__((vector_size(16)));
RK float rk_sum(rk_floats v) {
    rk_floats8 a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    rk_floats4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3)
        + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}
RK void rk_store_sums(float *p, rk_floats a, rk_floats b, rk_floats c, rk_floats d) {
    p[0] = rk_sum(a);
    p[1] = rk_sum(b);
    p[2] = rk_sum(c);
    p[3] = rk_sum(d);
}
RK float rk_largest(rk_floats v) {
    v = rk_max(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = rk_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
    v = rk_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
    return v[1] > v[0] ? v[1] : v[0];
}
RK rk_floats rk_load_first(const void *p, int count) {
    rk_floats v = {0};
    if (count == 16) return RK_READ(rk_floats, p);
    __builtin_memcpy(&v, p, 4 * (size_t)count);
    return v;
}
RK void rk_store_first(void *p, rk_floats v, int count) {
    __builtin_memcpy(p, &v, 4 * (size_t)count);
}
RK rk_words rk_load_bytes(const void *p) {
    return (rk_words)__builtin_convertvector(RK_READ(rk_nibbles, p), rk_bits);
}
RK rk_words rk_load_first_bytes(const void *p, int count) {
    rk_nibbles v = {0};
    __builtin_memcpy(&v, p, (size_t)count);
    return (rk_words)__builtin_convertvector(v, rk_bits);
}
RK void rk_store_first_as_bytes(void *p, rk_words v, int count) {
    rk_nibbles bytes = __builtin_convertvector((rk_bits)v, rk_nibbles);
    __builtin_memcpy(p, &bytes, (size_t)count);
}
RK void rk_store_as_bytes(void *p, rk_words v) { rk_store_first_as_bytes(p, v, 16); }
RK rk_floats rk_keep(rk_floats v, int low, int high) {
    const rk_bits lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    rk_bits kept = (rk_bits)(lanes >= (uint32_t)low) & (rk_bits)(lanes < (uint32_t)high);
    return (rk_floats)(kept & (rk_bits)v);
}
RK rk_floats rk_load_first_bf16(const void *p, int count) {
    rk_half_shorts v = {0};
    __builtin_memcpy(&v, p, 2 * (size_t)count);
    return rk_widened_bf16(v);
}
#endif

#pragma clang diagnostic pop
