#pragma once
#include <stddef.h>
#include <oniguruma.h>

/// The encoding behind the macro ONIG_ENCODING_UTF8, which Swift cannot see.
static inline OnigEncoding retort_onig_utf8(void) { return ONIG_ENCODING_UTF8; }

/// Compiles a pattern in Ruby's syntax; 0 or an Oniguruma error code, whose text goes to `message`
/// (at least ONIG_MAX_ERROR_MESSAGE_LEN bytes).
static inline int retort_onig_compile(
    OnigRegex *regex, const OnigUChar *pattern, size_t length, OnigUChar *message
) {
    OnigErrorInfo info;
    int status = onig_new(
        regex, pattern, pattern + length, ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_RUBY,
        &info);
    if (status != ONIG_NORMAL) onig_error_code_to_str(message, status, &info);
    return status;
}

/// The sorted code point ranges of a property such as "Han" or "L", as Oniguruma stores them:
/// a count, then pairs of first and last code point. Null if there is no such property.
static inline const OnigCodePoint *retort_onig_property(const OnigUChar *name, size_t length) {
    int type = ONIGENC_PROPERTY_NAME_TO_CTYPE(ONIG_ENCODING_UTF8, name, name + length);
    if (type < 0) return NULL;
    const OnigCodePoint *ranges = NULL;
    OnigCodePoint single_byte_end = 0;
    int status = ONIGENC_GET_CTYPE_CODE_RANGE(
        ONIG_ENCODING_UTF8, type, &single_byte_end, &ranges);
    return status == 0 ? ranges : NULL;
}
