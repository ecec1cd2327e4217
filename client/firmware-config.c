/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-config.h"

#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>

#include "file.h"
#include "text.h"

/* What inline configurations are called in messages. */
#define INLINE_SOURCE "--firmware"

/* NULL: inline. */
typedef struct Source {
        const char *file; /* NULL: inline */
        const char *name; /* in messages */
} Source;

static bool exists(const char *path, struct stat *ret_st) {
        return stat(path, ret_st) >= 0;
}

/* "@folder/@path", where a @folder of NULL is the one of @file. */
static char *join(const char *file, const char *folder, const char *path) {
        const char *slash = file ? strrchr(file, '/') : NULL;
        char *joined = NULL;
        int r;

        if (path[0] == '/' || (!folder && !slash))
                return strdup(path);
        if (folder)
                r = asprintf(&joined, "%s/%s", folder, path);
        else
                r = asprintf(&joined, "%.*s/%s", (int) (slash - file), file, path);
        return r < 0 ? NULL : joined;
}

/* Where `paths-relative-to` says, and nowhere else. */
static int resolve_relative_to(const Source *source, const FirmwareYamlPath *relative_to,
                               const char *path, char **ret_reason, char **ret_path) {
        char *resolved;

        if (streq(relative_to->path, "CWD"))
                resolved = strdup(path);
        else if (!streq(relative_to->path, "THIS_FILE"))
                resolved = join(NULL, relative_to->path, path);
        else if (source->file)
                resolved = join(source->file, NULL, path);
        else
                return text_refuse(-EBADMSG, ret_reason,
                                   "%s:%zu:%zu: THIS_FILE, but this is no file; expected CWD or a "
                                   "folder",
                                   source->name, relative_to->line, relative_to->column);
        if (!resolved)
                return -ENOMEM;
        *ret_path = resolved;
        return 0;
}

/* Beside the file, else in the working directory; the user is told wherever the two readings
 * differ. */
static int resolve_beside(const Source *source, const FirmwareYamlPath *image, char **ret_reason,
                          char **ret_path, char **ret_note) {
        _cleanup_free_ char *beside = join(source->file, NULL, image->path), *note = NULL;
        struct stat beside_st = {}, here_st = {};
        bool is_beside, is_here;

        if (!beside)
                return -ENOMEM;
        if (streq(beside, image->path)) {
                *ret_path = TAKE_PTR(beside);
                *ret_note = NULL;
                return 0;
        }

        is_beside = exists(beside, &beside_st);
        is_here = exists(image->path, &here_st);
        if (!is_beside && !is_here)
                return text_refuse(
                        -ENOENT, ret_reason,
                        "%s:%zu:%zu: there is no file '%s', neither beside this file nor "
                        "in the working directory",
                        source->name, image->line, image->column, image->path);

        if (!is_beside) {
                free(beside);
                beside = strdup(image->path);
                if (!beside || asprintf(&note,
                                        "'%s' is the one in the working directory: there is none "
                                        "beside '%s'",
                                        image->path, source->name) < 0)
                        return -ENOMEM;
        } else if (is_here &&
                   (beside_st.st_dev != here_st.st_dev || beside_st.st_ino != here_st.st_ino)) {
                if (asprintf(&note,
                             "'%s' is the one beside '%s', not the one in the working directory "
                             "(which Snagboot would take)",
                             image->path, source->name) < 0)
                        return -ENOMEM;
        }

        *ret_path = TAKE_PTR(beside);
        *ret_note = TAKE_PTR(note);
        return 0;
}

static int add_image(FirmwareConfig *c, FirmwareKind kind, const Source *source,
                     const FirmwareYaml *y, char **ret_reason) {
        char *path = NULL, *note = NULL;
        int r;

        if (y->relative_to.path)
                r = resolve_relative_to(source, &y->relative_to, y->images[kind].path, ret_reason,
                                        &path);
        else
                r = resolve_beside(source, &y->images[kind], ret_reason, &path, &note);
        if (r < 0)
                return r;

        free(c->paths[kind]);
        free(c->notes[kind]);
        c->paths[kind] = path;
        c->notes[kind] = note;
        return 0;
}

static int add(FirmwareConfig *c, const Source *source, const uint8_t *data, size_t size,
               char **ret_reason) {
        _cleanup_(firmware_yaml_done) FirmwareYaml y = {};
        char *place = NULL;
        int r;

        r = firmware_yaml_parse(source->name, data, size, ret_reason, &y);
        if (r < 0)
                return r;
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                if (!y.images[kind].path)
                        continue;
                r = add_image(c, kind, source, &y, ret_reason);
                if (r < 0)
                        return r;
        }

        if (asprintf(&place, "%s:%zu:%zu", source->name, y.line, y.column) < 0)
                return -ENOMEM;
        free(c->place);
        c->place = place;
        return 0;
}

int firmware_config_add(FirmwareConfig *c, const char *value, char **ret_reason) {
        _cleanup_free_ uint8_t *data = NULL;
        size_t size = 0;
        int r;

        assert(c);
        assert(value);
        assert(ret_reason);

        *ret_reason = NULL;
        if (value[strspn(value, " \t\n")] == '{')
                return add(c, &(Source){.name = INLINE_SOURCE}, (const uint8_t *) value,
                           strlen(value), ret_reason);

        r = file_read(value, FIRMWARE_YAML_SIZE_MAX, "a firmware configuration", ret_reason, &data,
                      &size);
        if (r < 0)
                return r;
        return add(c, &(Source){.file = value, .name = value}, data, size, ret_reason);
}

void firmware_config_done(FirmwareConfig *c) {
        assert(c);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                free(c->paths[kind]);
                free(c->notes[kind]);
        }
        free(c->place);
        *c = (FirmwareConfig){};
}
