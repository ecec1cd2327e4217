/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Command lines: long options, spelt in full, `--name value` or `--name=value`; for those that
 * another program taught people a letter too, `-n value` or `-nvalue`; in any order with
 * operands; `--` ends the options. Not getopt_long(), which takes abbreviations (so that an
 * option added later breaks scripts) and words its own messages. Pure. */

#include "macro.h"

typedef struct Option {
        int id;            /* >= 0, unique */
        const char *name;  /* without "--"; NULL ends a list */
        const char *value; /* what its value is called in messages; NULL: takes none */
        char letter;       /* of its short form, which needs a value; 0: none */
} Option;

enum {
        ARGUMENT_END = -1000, /* out of errno's way */
        ARGUMENT_OPERAND = -1001,
};

typedef struct Arguments {
        char *const *next; /* NULL-terminated; borrowed, as is what comes out of it */
        const Option *options;
        bool options_ended;
        bool stops_at_operand; /* the first operand ends the options, and is left to the caller */
} Arguments;

/* Takes the next one. Returns the id of an option with *@ret_value its value or NULL;
 * ARGUMENT_OPERAND with *@ret_value; ARGUMENT_END; -EINVAL with *@ret_complaint, a phrase that the
 * caller frees; or -ENOMEM. */
int arguments_next(Arguments *a, const char **ret_value, char **ret_complaint);
