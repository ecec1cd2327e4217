/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-yaml.h"

#include <assert.h>

#include "yaml-walk.h"

#define RELATIVE_TO_KEY "paths-relative-to"
#define PATH_KEY        "path"

static const char *const keys[_FIRMWARE_KIND_MAX] = {
        [FIRMWARE_SPL] = "spl",
        [FIRMWARE_U_BOOT] = "u-boot",
};

#define ROOT_EXPECTED "'spl:' and 'u-boot:'"

const char *firmware_yaml_get_key(FirmwareKind kind) {
        assert(kind < _FIRMWARE_KIND_MAX);

        return keys[kind];
}

static int take_path(YamlWalk *w, const yaml_node_t *node, const char *key, const char *expected,
                     FirmwareYamlPath *to) {
        const char *text = yaml_walk_text(node);

        if (!text || *text == '\0' || yaml_walk_is_null(node))
                return yaml_walk_refuse(
                        w, node->start_mark, "'%s' has %s; expected %s", key,
                        text && *text == '\0' ? "nothing" : yaml_walk_describe(node), expected);
        if (to->path)
                return yaml_walk_refuse_again(w, node->start_mark, key, to->line);

        to->path = strdup(text);
        if (!to->path)
                return -ENOMEM;
        to->line = node->start_mark.line + 1;
        to->column = node->start_mark.column + 1;
        return 0;
}

/* What stands below `spl:` or `u-boot:`. */
static int take_image(YamlWalk *w, const yaml_node_t *key_node, const yaml_node_t *node,
                      const char *key, FirmwareYamlPath *to) {
        static const char *const known[] = {PATH_KEY, NULL};
        int r;

        if (to->path)
                return yaml_walk_refuse_again(w, key_node->start_mark, key, to->line);
        if (node->type != YAML_MAPPING_NODE)
                return yaml_walk_refuse(w, node->start_mark,
                                        "'%s' has %s; expected 'path: FILE' below it", key,
                                        yaml_walk_describe(node));

        for (YAML_WALK_PAIRS(pair, node)) {
                const yaml_node_t *name = yaml_walk_key(w, pair);
                const char *text = yaml_walk_text(name);

                if (!text || !streq(text, PATH_KEY))
                        return yaml_walk_refuse_key(w, name, known, "'path'");
                r = take_path(w, yaml_walk_value(w, pair), PATH_KEY, "the name of a file", to);
                if (r < 0)
                        return r;
        }

        if (!to->path)
                return yaml_walk_refuse(w, key_node->start_mark,
                                        "'%s' has no 'path'; expected 'path: FILE'", key);
        return 0;
}

static int take_root_pair(YamlWalk *w, const yaml_node_t *name, const yaml_node_t *value,
                          FirmwareYaml *y) {
        static const char *const known[] = {"spl", "u-boot", RELATIVE_TO_KEY, NULL};
        const char *text = yaml_walk_text(name);

        for (FirmwareKind kind = 0; text && kind < _FIRMWARE_KIND_MAX; kind++)
                if (streq(text, keys[kind]))
                        return take_image(w, name, value, keys[kind], &y->images[kind]);
        if (text && streq(text, RELATIVE_TO_KEY))
                return take_path(w, value, RELATIVE_TO_KEY, "CWD, THIS_FILE or a folder",
                                 &y->relative_to);
        return yaml_walk_refuse_key(w, name, known, "'spl', 'u-boot' or 'paths-relative-to'");
}

static int take_root(YamlWalk *w, FirmwareYaml *y) {
        y->line = w->root->start_mark.line + 1;
        y->column = w->root->start_mark.column + 1;

        for (YAML_WALK_PAIRS(pair, w->root)) {
                int r = take_root_pair(w, yaml_walk_key(w, pair), yaml_walk_value(w, pair), y);

                if (r < 0)
                        return r;
        }
        return 0;
}

int firmware_yaml_parse(const char *source, const uint8_t *data, size_t size, char **ret_reason,
                        FirmwareYaml *ret) {
        _cleanup_(yaml_mistakes_done) YamlMistakes mistakes = {};
        _cleanup_(firmware_yaml_done) FirmwareYaml y = {};
        YamlWalk w = {.source = source, .mistakes = &mistakes};
        int r;

        assert(source);
        assert(ret_reason);
        assert(ret);

        *ret_reason = NULL;
        r = yaml_walk_begin(&w, data, size, ROOT_EXPECTED);
        if (r >= 0) {
                r = take_root(&w, &y);
                yaml_walk_end(&w);
        }
        if (r == -EBADMSG)
                *ret_reason = TAKE_PTR(mistakes.sentences[0]);
        if (r < 0)
                return r;

        *ret = y;
        y = (FirmwareYaml){};
        return 0;
}

void firmware_yaml_done(FirmwareYaml *y) {
        assert(y);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                free(y->images[kind].path);
        free(y->relative_to.path);
        *y = (FirmwareYaml){};
}
