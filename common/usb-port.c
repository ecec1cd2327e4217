/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "usb-port.h"

#include <assert.h>
#include <errno.h>

#define DIGITS         "0123456789"
#define LETTERS        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define PORT_DEPTH_MAX 7 /* a port of the root hub and at most six below, USB 2.0 4.1.1 */

/* Skips `[1-9][0-9]{0,2}`; NULL if that is not what stands there. */
static const char *skip_number(const char *p) {
        size_t n = strspn(p, DIGITS);

        return *p == '0' || n < 1 || n > 3 ? NULL : p + n;
}

/* Skips a port; NULL if there is none at the start of @p. */
static const char *skip_port(const char *p) {
        p = skip_number(p);
        if (!p || *p != '-')
                return NULL;

        for (size_t depth = 0; depth < PORT_DEPTH_MAX; depth++) {
                p = skip_number(p + 1);
                if (!p || *p != '.')
                        return p;
        }

        return p;
}

bool usb_port_is_valid(const char *string) {
        const char *end;

        assert(string);

        end = skip_port(string);
        return end && *end == '\0';
}

bool usb_id_path_is_valid(const char *string) {
        size_t n;

        assert(string);

        n = strspn(string, DIGITS LETTERS ":._+@-");
        return n >= 1 && n <= USB_ID_PATH_LEN_MAX && string[n] == '\0';
}

bool usb_place_is_valid(const char *string) {
        assert(string);

        return usb_port_is_valid(string) ||
               (usb_id_path_is_valid(string) && strstr(string, "usb-"));
}

/* Returns whether @p is `<digits>.<digits>`, the configuration and number of an interface. */
static bool is_interface(const char *p) {
        size_t n = strspn(p, DIGITS);

        if (n < 1 || p[n] != '.')
                return false;
        p += n + 1;
        n = strspn(p, DIGITS);
        return n >= 1 && p[n] == '\0';
}

static int copy_part(const char *start, const char *end, char **ret) {
        char *copy = strndup(start, (size_t) (end - start));

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int usb_port_from_sysname(const char *sysname, char **ret) {
        const char *end;

        assert(sysname);
        assert(ret);

        end = skip_port(sysname);
        if (!end || !(*end == '\0' || (*end == ':' && is_interface(end + 1))))
                return -EINVAL;

        return copy_part(sysname, end, ret);
}

int usb_id_path_without_interface(const char *id_path, char **ret) {
        const char *colon;

        assert(id_path);
        assert(ret);

        if (!usb_id_path_is_valid(id_path))
                return -EINVAL;

        /* "…-usb-0:1.4:1.0": the interface is what follows the last colon, but only if another
         * colon stands between "usb-" and it; "…-usb-0:1.4" has none. */
        colon = strrchr(id_path, ':');
        if (colon && is_interface(colon + 1)) {
                const char *usb = strstr(id_path, "usb-");
                const char *first = usb ? strchr(usb, ':') : NULL;

                if (first && first < colon)
                        return copy_part(id_path, colon, ret);
        }

        return copy_part(id_path, id_path + strlen(id_path), ret);
}
