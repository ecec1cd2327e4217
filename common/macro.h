/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Compiler helpers that every file may use: cleanup attributes, ownership transfer, sizes.
 * No functions with a body that could fail, no state. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(function)    __attribute__((__cleanup__(function)))
#define _unused_               __attribute__((__unused__))
#define _printf_(format, args) __attribute__((__format__(__printf__, format, args)))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* The length of a string literal, without its NUL. */
#define STRLEN(literal) (sizeof("" literal "") - 1)

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_USEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX

/* Hands a value over and leaves the variable empty, so that its cleanup does nothing. */
#define TAKE(variable, empty)                            \
        __extension__({                                  \
                __typeof__(variable) *_at = &(variable); \
                __typeof__(variable) _value = *_at;      \
                *_at = (empty);                          \
                _value;                                  \
        })
#define TAKE_PTR(pointer) TAKE(pointer, NULL)
#define TAKE_FD(fd)       TAKE(fd, -EBADF)

/* Defines `<function>p`, the form that _cleanup_() wants, for a `T *function(T *)` that accepts
 * NULL. */
#define DEFINE_CLEANUP_FUNC(type, function)             \
        static inline void function##p(type **object) { \
                if (*object)                            \
                        function(*object);              \
        }                                               \
        struct _##function##_wants_a_semicolon

static inline void freep(void *pointer) {
        free(*(void **) pointer);
}

#define _cleanup_free_ _cleanup_(freep)

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* Equal strings, or both NULL. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a == b || (a && b && streq(a, b));
}
