#include "ccurl.h"
#include <dlfcn.h>

// The functions of the library, under the names they have there.
#define FUNCTIONS(X) \
    X(global_init) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) X(easy_strerror) \
    X(slist_append) X(slist_free_all) X(multi_init) X(multi_cleanup) X(multi_add_handle) \
    X(multi_remove_handle) X(multi_perform) X(multi_poll) X(multi_info_read)
#define POINTER(name) static __typeof__(&curl_##name) curl_##name##_;
FUNCTIONS(POINTER)

// curl.h makes macros of these, which check types that are known here anyway.
#undef curl_easy_setopt
#undef curl_easy_getinfo

const char *retort_curl_load(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    void *library = NULL;
    const char *reason = "";
    for (size_t index = 0; library == NULL && index < 2; index++) {
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        // The first name is the usual one, so its reason is the one to tell.
        if (library == NULL && index == 0) reason = dlerror();
    }
    if (library == NULL) return reason;
#define LOAD(name) \
    curl_##name##_ = (__typeof__(&curl_##name))dlsym(library, "curl_" #name); \
    if (curl_##name##_ == NULL) return "it lacks the function curl_" #name;
    FUNCTIONS(LOAD)
    CURLcode code = curl_global_init_(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? NULL : curl_easy_strerror_(code);
}

CURL *retort_curl_make(void) { return curl_easy_init_(); }
void retort_curl_free(CURL *transfer) { curl_easy_cleanup_(transfer); }

CURLcode retort_curl_set_number(CURL *transfer, CURLoption option, long value) {
    return curl_easy_setopt_(transfer, option, value);
}
CURLcode retort_curl_set_size(CURL *transfer, CURLoption option, curl_off_t value) {
    return curl_easy_setopt_(transfer, option, value);
}
CURLcode retort_curl_set_text(CURL *transfer, CURLoption option, const char *value) {
    return curl_easy_setopt_(transfer, option, value);
}
CURLcode retort_curl_set_pointer(CURL *transfer, CURLoption option, void *value) {
    return curl_easy_setopt_(transfer, option, value);
}
CURLcode retort_curl_set_lines(CURL *transfer, struct curl_slist *lines) {
    return curl_easy_setopt_(transfer, CURLOPT_HTTPHEADER, lines);
}
CURLcode retort_curl_set_receiver(CURL *transfer, CURLoption option, curl_write_callback receiver) {
    return curl_easy_setopt_(transfer, option, receiver);
}

long retort_curl_status(CURL *transfer) {
    long status = 0;
    curl_easy_getinfo_(transfer, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
const char *retort_curl_reason(CURLcode code) { return curl_easy_strerror_(code); }

struct curl_slist *retort_curl_append(struct curl_slist *lines, const char *line) {
    return curl_slist_append_(lines, line);
}
void retort_curl_free_lines(struct curl_slist *lines) { curl_slist_free_all_(lines); }

CURLM *retort_curl_group(void) { return curl_multi_init_(); }
void retort_curl_free_group(CURLM *group) { curl_multi_cleanup_(group); }
CURLMcode retort_curl_add(CURLM *group, CURL *transfer) {
    return curl_multi_add_handle_(group, transfer);
}
CURLMcode retort_curl_remove(CURLM *group, CURL *transfer) {
    return curl_multi_remove_handle_(group, transfer);
}
CURLMcode retort_curl_perform(CURLM *group, int *running) {
    return curl_multi_perform_(group, running);
}
CURLMcode retort_curl_wait(CURLM *group, int milliseconds) {
    return curl_multi_poll_(group, NULL, 0, milliseconds, NULL);
}

CURL *retort_curl_ended(CURLM *group, CURLcode *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read_(group, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *code = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}
