/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every reader of a YAML document of the user's needs: the document, loaded by libyaml, and the
 * places of its mistakes. A reader may stop at the first mistake or go on and collect them all:
 * what refuses something adds a sentence, "SOURCE:LINE:COLUMN: what, and what was expected", and
 * returns -EBADMSG. Pure; allocates. */

#include <yaml.h>

#include "macro.h"

/* Whoever has made more of them corrects the first ones first. */
#define YAML_MISTAKES_MAX 64u

typedef struct YamlMistakes {
        char *sentences[YAML_MISTAKES_MAX]; /* in the order in which they were found */
        size_t n_kept;
        size_t n; /* that were found: at least as many */
} YamlMistakes;

void yaml_mistakes_done(YamlMistakes *m);

/* Adds a sentence as it is. Returns -EBADMSG, or -ENOMEM. */
int yaml_mistakes_add(YamlMistakes *m, const char *format, ...) _printf_(2, 3);

/* Aliases are resolved by libyaml to the node that they stand for, so a document may be a circle:
 * readers go down a fixed number of levels. */
typedef struct YamlWalk {
        const char *source; /* what the bytes are called in messages; borrowed, as @mistakes is */
        YamlMistakes *mistakes;
        yaml_document_t document;
        const yaml_node_t *root; /* a mapping, once begun */
} YamlWalk;

/* Loads the one document in @data. It must be a mapping; @expected says of what: "'spl:' and
 * 'u-boot:'". Returns 0, and the walk is to be ended; -EBADMSG; or -ENOMEM. */
int yaml_walk_begin(YamlWalk *w, const uint8_t *data, size_t size, const char *expected);
void yaml_walk_end(YamlWalk *w);

const yaml_node_t *yaml_walk_key(YamlWalk *w, const yaml_node_pair_t *pair);
const yaml_node_t *yaml_walk_value(YamlWalk *w, const yaml_node_pair_t *pair);

/* For `for (pair = …; pair < …; pair++)` over a mapping. */
#define YAML_WALK_PAIRS(pair, node)                                      \
        const yaml_node_pair_t *pair = (node)->data.mapping.pairs.start; \
        pair < (node)->data.mapping.pairs.top;                           \
        pair++

/* "a list", for messages. */
const char *yaml_walk_describe(const yaml_node_t *node);

/* The text of a scalar without NUL, else NULL; borrowed. */
const char *yaml_walk_text(const yaml_node_t *node);

/* YAML 1.1: an unquoted word may stand for null, as may nothing at all. */
bool yaml_walk_is_null(const yaml_node_t *node);

/* These return -EBADMSG, or -ENOMEM. @known is NULL-terminated: what a mistyped key may have been. */
int yaml_walk_refuse(YamlWalk *w, yaml_mark_t mark, const char *format, ...) _printf_(3, 4);
int yaml_walk_refuse_key(YamlWalk *w, const yaml_node_t *node, const char *const *known,
                         const char *expected);
int yaml_walk_refuse_again(YamlWalk *w, yaml_mark_t mark, const char *key, size_t first_line);
