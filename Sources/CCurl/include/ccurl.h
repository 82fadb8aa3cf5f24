#pragma once

// libcurl, loaded when it is first needed. Linking it would bring thirty more libraries into every
// start of the program: 4.5 ms where the whole start takes 5. Only its header is used to build.
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

/// Loads the library and prepares it; null if all is well, else the reason in the loader's words.
/// Not safe to be called by two threads at once. Nothing below may be called before it succeeds.
const char *retort_curl_load(void);

/// A transfer that is set up with the functions below; null if there is no memory.
CURL *retort_curl_make(void);
void retort_curl_free(CURL *transfer);

// curl_easy_setopt for each kind of value: Swift sees no variadic functions.
CURLcode retort_curl_set_number(CURL *transfer, CURLoption option, long value);
CURLcode retort_curl_set_size(CURL *transfer, CURLoption option, curl_off_t value);
CURLcode retort_curl_set_text(CURL *transfer, CURLoption option, const char *value);
CURLcode retort_curl_set_pointer(CURL *transfer, CURLoption option, void *value);
CURLcode retort_curl_set_lines(CURL *transfer, struct curl_slist *lines);
CURLcode retort_curl_set_receiver(CURL *transfer, CURLoption option, curl_write_callback receiver);

/// The status of the last response, 0 if there was none.
long retort_curl_status(CURL *transfer);
/// What a code means.
const char *retort_curl_reason(CURLcode code);

/// Adds a copy of a line; null if there is no memory.
struct curl_slist *retort_curl_append(struct curl_slist *lines, const char *line);
void retort_curl_free_lines(struct curl_slist *lines);

/// Several transfers that run side by side; null if there is no memory.
CURLM *retort_curl_group(void);
void retort_curl_free_group(CURLM *group);
CURLMcode retort_curl_add(CURLM *group, CURL *transfer);
CURLMcode retort_curl_remove(CURLM *group, CURL *transfer);
/// Moves all of them on as far as they go without waiting.
CURLMcode retort_curl_perform(CURLM *group, int *running);
/// Waits until one of them can move on, at most so long.
CURLMcode retort_curl_wait(CURLM *group, int milliseconds);
/// The next transfer that ended, with its code; null if there is none.
CURL *retort_curl_ended(CURLM *group, CURLcode *code);
