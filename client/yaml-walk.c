/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "yaml-walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "spelling.h"

/* --- mistakes
 * ---------------------------------------------------------------------------------- */

void yaml_mistakes_done(YamlMistakes *m) {
        assert(m);

        for (size_t i = 0; i < m->n_kept; i++)
                free(m->sentences[i]);
        *m = (YamlMistakes){};
}

int yaml_mistakes_add(YamlMistakes *m, const char *format, ...) {
        char *sentence = NULL;
        va_list args;
        int n;

        assert(m);
        assert(format);

        m->n++;
        if (m->n_kept >= YAML_MISTAKES_MAX)
                return -EBADMSG;

        va_start(args, format);
        n = vasprintf(&sentence, format, args);
        va_end(args);
        if (n < 0)
                return -ENOMEM;
        m->sentences[m->n_kept++] = sentence;
        return -EBADMSG;
}

int yaml_walk_refuse(YamlWalk *w, yaml_mark_t mark, const char *format, ...) {
        _cleanup_free_ char *what = NULL;
        va_list args;
        int n;

        assert(w);
        assert(format);

        va_start(args, format);
        n = vasprintf(&what, format, args);
        va_end(args);
        if (n < 0) {
                what = NULL;
                return -ENOMEM;
        }
        return yaml_mistakes_add(w->mistakes, "%.256s:%zu:%zu: %s", w->source, mark.line + 1,
                                 mark.column + 1, what);
}

int yaml_walk_refuse_key(YamlWalk *w, const yaml_node_t *node, const char *const *known,
                         const char *expected) {
        const char *text = yaml_walk_text(node);
        SpellingGuess guess = {.word = text};

        if (!text)
                return yaml_walk_refuse(w, node->start_mark, "%s in place of a key; expected %s",
                                        node->type == YAML_SCALAR_NODE ? "an odd word"
                                                                       : yaml_walk_describe(node),
                                        expected);

        for (; *known; known++)
                spelling_offer(&guess, *known);
        if (guess.best)
                return yaml_walk_refuse(w, node->start_mark,
                                        "unknown key '%.64s'; did you mean '%s'? Expected %s", text,
                                        guess.best, expected);
        return yaml_walk_refuse(w, node->start_mark, "unknown key '%.64s'; expected %s", text,
                                expected);
}

int yaml_walk_refuse_again(YamlWalk *w, yaml_mark_t mark, const char *key, size_t first_line) {
        return yaml_walk_refuse(w, mark,
                                "'%s' is there again; expected it once (first in line %zu)", key,
                                first_line);
}

/* --- nodes
 * ------------------------------------------------------------------------------------- */

const yaml_node_t *yaml_walk_key(YamlWalk *w, const yaml_node_pair_t *pair) {
        return yaml_document_get_node(&w->document, pair->key);
}

const yaml_node_t *yaml_walk_value(YamlWalk *w, const yaml_node_pair_t *pair) {
        return yaml_document_get_node(&w->document, pair->value);
}

const char *yaml_walk_describe(const yaml_node_t *node) {
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

const char *yaml_walk_text(const yaml_node_t *node) {
        const char *text;

        if (node->type != YAML_SCALAR_NODE)
                return NULL;
        text = (const char *) node->data.scalar.value;
        return strlen(text) == node->data.scalar.length ? text : NULL;
}

bool yaml_walk_is_null(const yaml_node_t *node) {
        const char *text = yaml_walk_text(node);

        return text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               (streq(text, "") || streq(text, "~") || strcasecmp(text, "null") == 0);
}

/* --- the document
 * ------------------------------------------------------------------------------ */

static int refuse_syntax(YamlWalk *w, const yaml_parser_t *parser, const char *expected) {
        const char *problem = parser->problem ? parser->problem : "it cannot be read";

        if (parser->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        /* Bytes that are no text at all have no line. */
        if (parser->error == YAML_READER_ERROR)
                return yaml_mistakes_add(
                        w->mistakes, "%.256s: not YAML: %s at byte %zu; expected a text with %s",
                        w->source, problem, parser->problem_offset + 1, expected);
        return yaml_walk_refuse(w, parser->problem_mark, "not YAML: %s%s%s", problem,
                                parser->context ? " " : "", parser->context ? parser->context : "");
}

static int check_root(YamlWalk *w, const char *expected) {
        w->root = yaml_document_get_root_node(&w->document);
        if (!w->root)
                return yaml_walk_refuse(w, (yaml_mark_t){}, "nothing in it; expected %s", expected);
        if (w->root->type != YAML_MAPPING_NODE)
                return yaml_walk_refuse(w, w->root->start_mark, "%s; expected %s",
                                        yaml_walk_describe(w->root), expected);
        return 0;
}

static int check_end(YamlWalk *w, yaml_parser_t *parser, const char *expected) {
        yaml_document_t second;
        const yaml_node_t *root;
        int r = 0;

        if (!yaml_parser_load(parser, &second))
                return refuse_syntax(w, parser, expected);
        root = yaml_document_get_root_node(&second);
        if (root)
                r = yaml_walk_refuse(w, root->start_mark, "a second document; expected one");
        yaml_document_delete(&second);
        return r;
}

static int load(YamlWalk *w, yaml_parser_t *parser, const char *expected) {
        int r;

        if (!yaml_parser_load(parser, &w->document))
                return refuse_syntax(w, parser, expected);
        r = check_root(w, expected);
        if (r >= 0)
                r = check_end(w, parser, expected);
        if (r < 0)
                yaml_document_delete(&w->document);
        return r;
}

int yaml_walk_begin(YamlWalk *w, const uint8_t *data, size_t size, const char *expected) {
        yaml_parser_t parser;
        int r;

        assert(w);
        assert(w->source);
        assert(w->mistakes);
        assert(data || size == 0);
        assert(expected);

        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&parser, data ? data : (const uint8_t *) "", size);
        r = load(w, &parser, expected);
        yaml_parser_delete(&parser);
        return r;
}

void yaml_walk_end(YamlWalk *w) {
        assert(w);

        yaml_document_delete(&w->document);
}
