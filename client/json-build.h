/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* JSON objects by json-c, member by member. Each function returns false when memory ran out, and takes
 * the NULL that another one returned then; so a whole object is one chain:
 *
 *     if (json_put_string(o, "role", role) && json_put_u64(o, "bytes", size))
 *
 * Pure; allocates. */

#include <json-c/json.h>

#include "macro.h"

static inline void json_object_putp(json_object **o) {
        json_object_put(*o);
}

#define _cleanup_json_ _cleanup_(json_object_putp)

/* Strings longer than this many bytes are cut. */
#define JSON_STRING_LEN_MAX 512u

/* Consumes @value, also on failure. */
bool json_put(json_object *o, const char *key, json_object *value);

/* Made printable (text.h), so that it is UTF-8 whatever it was. NULL: null. */
bool json_put_string(json_object *o, const char *key, const char *value);

bool json_put_u64(json_object *o, const char *key, uint64_t value);
bool json_put_bool(json_object *o, const char *key, bool value);

/* A number with @n_decimals decimals. NaN: null. */
bool json_put_number(json_object *o, const char *key, double value, unsigned n_decimals);
bool json_put_null(json_object *o, const char *key);

/* @bytes in hexadecimal. NULL: null. */
bool json_put_hex(json_object *o, const char *key, const void *bytes, size_t size);

/* Appends @value to an array; consumes it, also on failure. */
bool json_append(json_object *array, json_object *value);

/* The object as one line without blanks and without a newline, which lives as long as @o. NULL when
 * memory ran out. */
const char *json_format(json_object *o, size_t *ret_len);
