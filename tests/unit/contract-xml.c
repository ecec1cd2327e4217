/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "contract-xml.h"

#include <check.h>
#include <stdio.h>

#include "macro.h"

/* Appends the next tag of @xml behind @at to @ret as one line with sorted attributes, except for
 * comments, declarations and ends. Returns where it ends; NULL at the end. Enough of XML for what
 * two programs of ours write. */
static const char *next_tag(const char *at, char *ret, size_t size) {
        const char *end, *attributes[8];
        size_t lens[8], n = 0, len;

        *ret = '\0';
        at = strchr(at, '<');
        if (!at)
                return NULL;
        if (strncmp(at, "<!--", 4) == 0)
                return strstr(at, "-->") + 3;
        end = strchr(at, '>');
        ck_assert_ptr_nonnull(end);
        if (at[1] == '!' || at[1] == '?' || at[1] == '/')
                return end + 1;

        len = strcspn(at + 1, " />");
        snprintf(ret, size, "%.*s", (int) len, at + 1);
        at += 1 + len;
        for (;;) {
                const char *quote;

                at += strspn(at, " \n\t");
                if (*at == '/' || *at == '>')
                        break;
                quote = strchr(strchr(at, '"') + 1, '"');
                ck_assert_uint_lt(n, ELEMENTSOF(attributes));
                attributes[n] = at;
                lens[n++] = (size_t) (quote + 1 - at);
                at = quote + 1;
        }
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        if (strcmp(attributes[i], attributes[j]) > 0) {
                                const char *a = attributes[i];
                                size_t l = lens[i];

                                attributes[i] = attributes[j];
                                lens[i] = lens[j];
                                attributes[j] = a;
                                lens[j] = l;
                        }
        for (size_t i = 0; i < n; i++) {
                len = strlen(ret);
                snprintf(ret + len, size - len, " %.*s", (int) lens[i], attributes[i]);
        }
        return end + 1;
}

char *contract_xml_describe(const char *xml, const char *interface) {
        char head[128], line[512];
        bool is_inside = false;
        size_t size;
        char *text;
        FILE *f = open_memstream(&text, &size);

        ck_assert_ptr_nonnull(f);
        snprintf(head, sizeof(head), "interface name=\"%s\"", interface);
        while ((xml = next_tag(xml, line, sizeof(line)))) {
                if (strncmp(line, "interface ", STRLEN("interface ")) == 0 ||
                    strncmp(line, "node", STRLEN("node")) == 0)
                        is_inside = streq(line, head);
                if (is_inside && *line)
                        fprintf(f, "%s\n", line);
        }
        ck_assert_int_eq(fclose(f), 0);
        return text;
}

char *contract_xml_read(const char *path) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = fopen(path, "re");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_gt(getdelim(&text, &size, '\0', f), 0);
        fclose(f);
        return text;
}
