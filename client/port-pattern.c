/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "port-pattern.h"

#include <assert.h>
#include <ctype.h>
#include <fnmatch.h>

#include "usb-port.h"

/* What an ID_PATH may have. */
static bool is_literal(char c) {
        return isascii(c) && (isalnum(c) || strchr(":._+@-", c));
}

/* Behind the set that begins at @p with '[', or NULL if it has no end or is none. */
static const char *skip_set(const char *p) {
        p++;
        if (*p == '!' || *p == '^')
                p++;
        if (*p == ']') /* would be a member */
                return NULL;
        for (; *p && *p != ']'; p++)
                if (!is_literal(*p))
                        return NULL;
        return *p ? p + 1 : NULL;
}

PortPatternKind port_pattern_get_kind(const char *pattern) {
        bool has_letter = false, has_wildcard = false;
        const char *p = pattern;

        assert(pattern);

        if (*pattern == '\0' || strlen(pattern) > USB_ID_PATH_LEN_MAX)
                return PORT_PATTERN_BAD;

        while (*p) {
                has_wildcard = has_wildcard || strchr("*?[", *p);
                if (*p == '[') {
                        p = skip_set(p);
                        if (!p)
                                return PORT_PATTERN_BAD;
                        continue;
                }
                if (*p != '*' && *p != '?' && !is_literal(*p))
                        return PORT_PATTERN_BAD;
                has_letter = has_letter || isalpha((unsigned char) *p);
                p++;
        }
        if (!has_wildcard && !usb_place_is_valid(pattern))
                return PORT_PATTERN_BAD;
        return has_letter ? PORT_PATTERN_OF_PATHS : PORT_PATTERN_OF_NAMES;
}

bool port_pattern_matches(const char *pattern, const char *port, const char *id_path) {
        assert(pattern);
        assert(port);
        assert(id_path);

        return fnmatch(pattern, port, FNM_NOESCAPE) == 0 ||
               fnmatch(pattern, id_path, FNM_NOESCAPE) == 0;
}
