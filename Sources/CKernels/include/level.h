// The functions of one CPU level, as its module hands them to RetortKernels. A panel holds, for each
// word of the reduction (two bf16 or one f32), the words of `16 * vectors` columns. Strides of operands
// are bytes, those of results elements. In C, which names the arguments of functions and gives the
// table an initializer.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#pragma clang assume_nonnull begin

// The largest value of a row, and the logarithm of the sum of exp(scale * (x - top)).
typedef struct {
    float top, logSum;
} rk_log_sum;

typedef struct __attribute__((swift_name("KernelLevel"), swift_attr("@Sendable"))) {
    const char *label;
    // Whether products of bf16 are an instruction here.
    bool hasBF16;

    // Those of stored formats return false for a format without a decoder here. Formats have GGML's
    // numbers; row i of a matrix begins at `base + stride * (map[i] or i)`.
    bool (*decodeStored)(uint32_t format, const void *row, long count, float *out);
    bool (*packStoredRows)(
        uint32_t format, const void *base, long stride, const int32_t *_Nullable map, long first,
        long count, long length, long vectors, bool bf16, void *panel);
    bool (*packStoredColumns)(
        uint32_t format, const void *base, long stride, const int32_t *_Nullable map,
        long firstRow, long rowCount, long first, long count, long vectors, bool bf16, void *panels,
        long panelBytes);
    // Of f32 to either type, or of bf16 to bf16.
    void (*transposed)(
        bool fromBF16, const void *source, long sourceStride, long rows, long columns, bool toBF16,
        void *out, long stride);
    // Target: 0 stores f32, 1 adds to f32, 2 stores bf16.
    void (*sweep)(
        bool bf16, long vectors, const void *a, long aStride, long aWords,
        const void *_Nullable more, long moreStride, long moreWords, long rows, const void *panel,
        void *c, long stride, long width, long target);
    // C[i, j] = sum over rows t of A[t, i] * X[t, j] of the first `count` columns of A, a panel of 16
    // columns, and `width` columns of X, at most 32.
    void (*outer)(
        bool bf16, const void *panel, long count, const void *x, long xStride, long rows,
        long width, float *c, long stride, bool adds);

    void (*narrow)(const float *source, void *target, long count);
    void (*widen)(const void *source, float *target, long count);
    void (*addScaled)(float scale, const float *x, float *y, long count);
    float (*dot)(bool bf16, const void *a, const void *b, long count);
    float (*sumOfSquares)(const float *x, long count);
    float (*rmsNorm)(
        bool bf16, const float *x, const float *weight, float epsilon, void *out, long count);
    void (*rmsNormBackward)(
        const float *dy, const float *x, const float *weight, float inverse, float *dx, long count);
    void (*gatedSiLU)(bool bf16, const void *gate, const void *up, void *out, long count);
    void (*gatedSiLUBackward)(
        bool bf16, bool dyBF16, const void *dy, const void *gate, const void *up, void *dgate,
        void *dup, long count);
    void (*rotate)(
        bool bf16, const void *x, const float *cosine, const float *sine, float sign, long half,
        void *out);
    rk_log_sum (*logOfSum)(const float *x, long count, float scale);
    // factor * exp(scale * (x - top) - logSum), which may begin where x begins.
    void (*softmax)(
        bool bf16, const float *x, long count, float scale, rk_log_sum sum, float factor, void *out);
    // The same, added to f32.
    void (*addSoftmax)(
        const float *x, long count, float scale, rk_log_sum sum, float factor, float *out);
    // Weights of `rows` keys, plain rows, for 48 queries, the columns of a panel: exp2(scale * score -
    // reference), zero where the query does not see the key, as a panel whose reduction runs along the
    // keys. Sums over the keys are added to `sums`. The first query is `distance` behind the first key;
    // a query sees `window` keys up to its own.
    void (*attentionWeights)(
        bool bf16, const void *keys, long keyStride, long words, long rows, const void *queries,
        long distance, long window, float scale, const float *reference, float *sums, void *weights);
    // Weights p of `rows` queries, plain rows, for 48 keys, the columns of a panel: exp2(scale * score -
    // logSum), and gradients p * (gradientScale * (dout . value) - mean) of the scores. Both as panels
    // whose reduction runs along the queries, the gradients also as rows.
    void (*attentionGradients)(
        bool bf16, const void *queries, long queryStride, const void *dout, long doutStride,
        long words, long rows, const void *keys, const void *values, long distance, long window,
        float scale, float gradientScale, const float *logSums, const float *means, void *weights,
        void *gradients, void *gradientRows, long rowStride);
    void (*adamW)(
        float *p, float *m, float *v, const float *gradient, float gradientScale, float beta1,
        float beta2, float keep, float rate, float correction2, float epsilon, long count);
    // The same with moments in blocks of 256 codes, each with a scale; `index` is that of the first
    // value, which begins a block. With the keys it decides how the moments are rounded.
    void (*adamW8Bit)(
        float *p, uint8_t *m, float *mScales, uint8_t *v, float *vScales, const float *gradient,
        float gradientScale, float beta1, float beta2, float keep, float rate, float correction2,
        float epsilon, uint32_t index, uint32_t key1, uint32_t key2, long count);
    // Heads of one query against `count` keys that they share; weights has room for one per head and
    // key. logSums are those of `scale * scores`.
    void (*attendCached)(
        bool bf16, const void *q, long heads, const void *keys, long keyStride, const void *values,
        long valueStride, long count, long size, float scale, float *weights, float *out,
        float *logSums);
} rk_level;

// Products of whole numbers with matrices of 16 rows side by side, for levels that have them. Activations
// are rounded in blocks of 32 with a scale each: to words of 16 bits where few rows meet the weights as
// they lie, to bytes where many rows meet panels of bytes. Formats have GGML's numbers.
typedef struct __attribute__((swift_name("IntegerProducts"), swift_attr("@Sendable"))) {
    // Bytes of a row of so many blocks, rounded to words.
    long (*wordRowBytes)(long blocks);
    void (*roundToWords)(uint32_t format, bool bf16, const void *x, long blocks, void *out);
    // Groups `first ..< first + count` of 16 rows with `rows` rounded rows; `out` is f32.
    void (*dotGroups)(
        uint32_t format, const void *base, long first, long count, long blocks, const void *x,
        long rows, float *out, long stride);

    // Bytes of a row of so many blocks, rounded to bytes, and of a panel of 48 columns.
    long (*byteRowBytes)(long blocks);
    long (*bytePanelBytes)(long blocks);
    void (*roundToBytes)(uint32_t format, bool bf16, const void *x, long blocks, void *out);
    // Groups `first ..< first + count` of 16 rows as columns of a panel.
    void (*packGroups)(
        uint32_t format, const void *base, long first, long count, long blocks, void *panel);
    // Target: as of `sweep`.
    void (*sweepBytes)(
        bool hasMinimum, const void *x, long blocks, long rows, const void *panel, void *c,
        long stride, long width, long target);
} rk_integer_products;
#pragma clang assume_nonnull end
