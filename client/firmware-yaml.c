/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-yaml.h"

#include <assert.h>
#include <inttypes.h>
#include <yaml.h>

#include "spelling.h"
#include "text.h"

#define RELATIVE_TO_KEY "paths-relative-to"
#define PATH_KEY        "path"

static const char *const keys[_FIRMWARE_KIND_MAX] = {
        [FIRMWARE_SPL] = "spl",
        [FIRMWARE_U_BOOT] = "u-boot",
};

/* What every step needs to look at a node, and to say where something is wrong. Aliases are
 * resolved by libyaml to the node that they stand for, so a document may be a circle; nothing
 * here goes deeper than its three levels. */
typedef struct Walk {
        const char *source;
        yaml_document_t *document;
        char **ret_reason;
} Walk;

#define REFUSE_AT(walk, mark, format, ...)                                                   \
        text_refuse(-EBADMSG, (walk)->ret_reason, "%.256s:%zu:%zu: " format, (walk)->source, \
                    (mark).line + 1, (mark).column + 1, ##__VA_ARGS__)

const char *firmware_yaml_get_key(FirmwareKind kind) {
        assert(kind < _FIRMWARE_KIND_MAX);

        return keys[kind];
}

/* --- nodes
 * ------------------------------------------------------------------------------------- */

static const char *describe(const yaml_node_t *node) {
        switch (node->type) {
        case YAML_MAPPING_NODE:
                return "a mapping";
        case YAML_SEQUENCE_NODE:
                return "a list";
        case YAML_SCALAR_NODE:
                return node->data.scalar.length > 0 ? "a word" : "nothing";
        case YAML_NO_NODE:
                break;
        }
        return "nothing";
}

/* The text of a scalar if it is one without NUL, else NULL. */
static const char *get_text(const yaml_node_t *node) {
        const char *text;

        if (node->type != YAML_SCALAR_NODE)
                return NULL;
        text = (const char *) node->data.scalar.value;
        return strlen(text) == node->data.scalar.length ? text : NULL;
}

/* YAML 1.1: an unquoted word may stand for null, as may nothing at all. */
static bool is_null(const yaml_node_t *node, const char *text) {
        return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               (streq(text, "") || streq(text, "~") || strcasecmp(text, "null") == 0);
}

static int take_path(const Walk *w, const yaml_node_t *node, const char *key, const char *expected,
                     FirmwareYamlPath *to) {
        const char *text = get_text(node);

        if (!text || *text == '\0' || is_null(node, text))
                return REFUSE_AT(w, node->start_mark, "'%s' has %s; expected %s", key,
                                 text && *text == '\0' ? "nothing" : describe(node), expected);
        if (to->path)
                return REFUSE_AT(w, node->start_mark,
                                 "'%s' is there again; expected it once (first in line %zu)", key,
                                 to->line);

        to->path = strdup(text);
        if (!to->path)
                return -ENOMEM;
        to->line = node->start_mark.line + 1;
        to->column = node->start_mark.column + 1;
        return 0;
}

/* --- the levels
 * -------------------------------------------------------------------------------- */

static int unknown_key(const Walk *w, const yaml_node_t *node, const char *const *known,
                       const char *expected) {
        const char *text = get_text(node);
        SpellingGuess guess = {.word = text};

        if (!text)
                return REFUSE_AT(w, node->start_mark, "%s in place of a key; expected %s",
                                 node->type == YAML_SCALAR_NODE ? "an odd word" : describe(node),
                                 expected);

        for (; *known; known++)
                spelling_offer(&guess, *known);
        if (guess.best)
                return REFUSE_AT(w, node->start_mark,
                                 "unknown key '%.64s'; did you mean '%s'? Expected %s", text,
                                 guess.best, expected);
        return REFUSE_AT(w, node->start_mark, "unknown key '%.64s'; expected %s", text, expected);
}

/* What stands below `spl:` or `u-boot:`. */
static int take_image(const Walk *w, const yaml_node_t *key_node, const yaml_node_t *node,
                      const char *key, FirmwareYamlPath *to) {
        static const char *const known[] = {PATH_KEY, NULL};
        int r;

        if (to->path)
                return REFUSE_AT(w, key_node->start_mark,
                                 "'%s' is there again; expected it once (first in line %zu)", key,
                                 to->line);
        if (node->type != YAML_MAPPING_NODE)
                return REFUSE_AT(w, node->start_mark, "'%s' has %s; expected 'path: FILE' below it",
                                 key, describe(node));

        for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             pair < node->data.mapping.pairs.top; pair++) {
                const yaml_node_t *name = yaml_document_get_node(w->document, pair->key);
                const char *text = get_text(name);

                if (!text || !streq(text, PATH_KEY))
                        return unknown_key(w, name, known, "'path'");
                r = take_path(w, yaml_document_get_node(w->document, pair->value), PATH_KEY,
                              "the name of a file", to);
                if (r < 0)
                        return r;
        }

        if (!to->path)
                return REFUSE_AT(w, key_node->start_mark,
                                 "'%s' has no 'path'; expected 'path: FILE'", key);
        return 0;
}

static int take_root_pair(const Walk *w, const yaml_node_t *name, const yaml_node_t *value,
                          FirmwareYaml *y) {
        static const char *const known[] = {"spl", "u-boot", RELATIVE_TO_KEY, NULL};
        const char *text = get_text(name);

        for (FirmwareKind kind = 0; text && kind < _FIRMWARE_KIND_MAX; kind++)
                if (streq(text, keys[kind]))
                        return take_image(w, name, value, keys[kind], &y->images[kind]);
        if (text && streq(text, RELATIVE_TO_KEY))
                return take_path(w, value, RELATIVE_TO_KEY, "CWD, THIS_FILE or a folder",
                                 &y->relative_to);
        return unknown_key(w, name, known, "'spl', 'u-boot' or 'paths-relative-to'");
}

static int take_root(const Walk *w, FirmwareYaml *y) {
        const yaml_node_t *root = yaml_document_get_root_node(w->document);
        int r;

        if (!root)
                return text_refuse(-EBADMSG, w->ret_reason,
                                   "%.256s:1:1: nothing in it; expected 'spl:' and 'u-boot:'",
                                   w->source);
        if (root->type != YAML_MAPPING_NODE)
                return REFUSE_AT(w, root->start_mark, "%s; expected 'spl:' and 'u-boot:'",
                                 describe(root));
        y->line = root->start_mark.line + 1;
        y->column = root->start_mark.column + 1;

        for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
             pair < root->data.mapping.pairs.top; pair++) {
                r = take_root_pair(w, yaml_document_get_node(w->document, pair->key),
                                   yaml_document_get_node(w->document, pair->value), y);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- the document
 * ------------------------------------------------------------------------------ */

static int refuse_syntax(const Walk *w, const yaml_parser_t *parser) {
        const char *problem = parser->problem ? parser->problem : "it cannot be read";

        if (parser->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        /* Bytes that are no text at all have no line. */
        if (parser->error == YAML_READER_ERROR)
                return text_refuse(
                        -EBADMSG, w->ret_reason,
                        "%.256s: not YAML: %s at byte %zu; expected a text with 'spl:' and "
                        "'u-boot:'",
                        w->source, problem, parser->problem_offset + 1);
        return REFUSE_AT(w, parser->problem_mark, "not YAML: %s%s%s", problem,
                         parser->context ? " " : "", parser->context ? parser->context : "");
}

static int refuse_second_document(Walk *w, yaml_parser_t *parser) {
        yaml_document_t second;
        const yaml_node_t *root;
        int r = 0;

        if (!yaml_parser_load(parser, &second))
                return refuse_syntax(w, parser);
        root = yaml_document_get_root_node(&second);
        if (root)
                r = REFUSE_AT(w, root->start_mark, "a second document; expected one");
        yaml_document_delete(&second);
        return r;
}

int firmware_yaml_parse(const char *source, const uint8_t *data, size_t size, char **ret_reason,
                        FirmwareYaml *ret) {
        FirmwareYaml y = {};
        yaml_document_t document;
        yaml_parser_t parser;
        Walk w = {.source = source, .document = &document, .ret_reason = ret_reason};
        int r;

        assert(source);
        assert(data || size == 0);
        assert(ret_reason);
        assert(ret);

        *ret_reason = NULL;
        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&parser, data ? data : (const uint8_t *) "", size);

        if (!yaml_parser_load(&parser, &document))
                r = refuse_syntax(&w, &parser);
        else {
                r = take_root(&w, &y);
                yaml_document_delete(&document);
                if (r >= 0)
                        r = refuse_second_document(&w, &parser);
        }
        yaml_parser_delete(&parser);

        if (r < 0) {
                firmware_yaml_done(&y);
                return r;
        }
        *ret = y;
        return 0;
}

void firmware_yaml_done(FirmwareYaml *y) {
        assert(y);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                free(y->images[kind].path);
        free(y->relative_to.path);
        *y = (FirmwareYaml){};
}
