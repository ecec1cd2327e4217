/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Enum <-> string by one table, as every state and stage on the bus needs it.
 *
 *     static const char *const stage_table[_STAGE_MAX] = { [STAGE_ROM] = "rom", … };
 *     DEFINE_STRING_TABLE(stage, Stage);
 *
 * defines `const char *stage_to_string(Stage)`, NULL out of range, and
 * `int stage_from_string(const char *)`, the value or -EINVAL. */

#include <errno.h>

#include "macro.h"

#define DECLARE_STRING_TABLE(name, type)          \
        const char *name##_to_string(type value); \
        int name##_from_string(const char *string)

#define DEFINE_STRING_TABLE(name, type)                                         \
        const char *name##_to_string(type value) {                              \
                if ((size_t) value >= ELEMENTSOF(name##_table))                 \
                        return NULL;                                            \
                return name##_table[value];                                     \
        }                                                                       \
        int name##_from_string(const char *string) {                            \
                for (size_t i = 0; string && i < ELEMENTSOF(name##_table); i++) \
                        if (streq_ptr(name##_table[i], string))                 \
                                return (int) i;                                 \
                return -EINVAL;                                                 \
        }                                                                       \
        struct _##name##_string_table_wants_a_semicolon
