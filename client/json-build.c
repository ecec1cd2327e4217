/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "json-build.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "text.h"

bool json_put(json_object *o, const char *key, json_object *value) {
        assert(o);
        assert(key);

        if (!value)
                return false;
        if (json_object_object_add(o, key, value) < 0) {
                json_object_put(value);
                return false;
        }
        return true;
}

bool json_put_null(json_object *o, const char *key) {
        assert(o);
        assert(key);

        return json_object_object_add(o, key, NULL) >= 0; /* how json-c writes null */
}

bool json_put_string(json_object *o, const char *key, const char *value) {
        _cleanup_free_ char *printable = NULL;

        if (!value)
                return json_put_null(o, key);
        printable = text_printable_n(value, strnlen(value, JSON_STRING_LEN_MAX));
        return printable && json_put(o, key, json_object_new_string(printable));
}

bool json_put_u64(json_object *o, const char *key, uint64_t value) {
        return json_put(o, key, json_object_new_uint64(value));
}

bool json_put_bool(json_object *o, const char *key, bool value) {
        return json_put(o, key, json_object_new_boolean(value));
}

bool json_put_number(json_object *o, const char *key, double value, unsigned n_decimals) {
        char text[64];

        if (!isfinite(value))
                return json_put_null(o, key);
        (void) snprintf(text, sizeof(text), "%.*f", (int) n_decimals, value);
        return json_put(o, key, json_object_new_double_s(value, text));
}

bool json_put_hex(json_object *o, const char *key, const void *bytes, size_t size) {
        static const char digits[] = "0123456789abcdef";
        _cleanup_free_ char *hex = NULL;
        const uint8_t *p = bytes;

        if (!bytes)
                return json_put_null(o, key);
        hex = malloc(2 * size + 1);
        if (!hex)
                return false;
        for (size_t i = 0; i < size; i++) {
                hex[2 * i] = digits[p[i] >> 4];
                hex[2 * i + 1] = digits[p[i] & 0xF];
        }
        hex[2 * size] = '\0';
        return json_put(o, key, json_object_new_string(hex));
}

bool json_append(json_object *array, json_object *value) {
        assert(array);

        if (!value)
                return false;
        if (json_object_array_add(array, value) < 0) {
                json_object_put(value);
                return false;
        }
        return true;
}

const char *json_format(json_object *o, size_t *ret_len) {
        assert(o);
        assert(ret_len);

        return json_object_to_json_string_length(
                o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, ret_len);
}
