#pragma once
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has instructions for SHA-256.
int digest_has_sha256(void);

/// Mixes whole 64-byte blocks into a SHA-256 state; only where digest_has_sha256() is not 0.
void digest_sha256(uint32_t state[8], const void *blocks, size_t count);
