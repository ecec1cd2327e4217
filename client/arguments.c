/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "arguments.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "snagboot-option.h"
#include "spelling.h"

static int complain(char **ret_complaint, const char *format, ...) _printf_(2, 3);

static int complain(char **ret_complaint, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(ret_complaint, format, args);
        va_end(args);
        if (r < 0) {
                *ret_complaint = NULL;
                return -ENOMEM;
        }

        return -EINVAL;
}

static const Option *find_option(const Option *options, const char *name, size_t len) {
        for (; options->name; options++)
                if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
                        return options;

        return NULL;
}

static const Option *find_letter(const Option *options, char letter) {
        for (; options->name; options++)
                if (options->letter == letter)
                        return options;

        return NULL;
}

static int complain_of_unknown(char **ret_complaint, const Option *options, const char *arg) {
        _cleanup_free_ char *name = strndup(arg, MIN_OF(strcspn(arg, "="), 256u));
        SpellingGuess guess = {};
        const char *advice;

        if (!name)
                return -ENOMEM;
        advice = snagboot_option_get_advice(name);
        if (advice)
                return complain(ret_complaint, "unknown option '%s' (it is Snagboot's): %s", name,
                                advice);

        guess.word = name + strspn(name, "-");
        for (; options->name; options++) {
                /* "-h" is the first letter of what it stands for elsewhere. */
                if (guess.word[0] == options->name[0] && guess.word[1] == '\0' && !guess.best)
                        guess.best = options->name;
                spelling_offer(&guess, options->name);
        }

        if (guess.best)
                return complain(ret_complaint, "unknown option '%s'; did you mean '--%s'?", name,
                                guess.best);
        return complain(ret_complaint, "unknown option '%s'", name);
}

/* @attached: what is written in one word with it, or NULL. */
static int take_value(Arguments *a, const Option *option, const char *attached,
                      const char **ret_value, char **ret_complaint) {
        if (attached)
                *ret_value = attached;
        else if (*a->next)
                *ret_value = *a->next++;
        else
                return complain(ret_complaint, "option '--%s' needs a value: --%s %s", option->name,
                                option->name, option->value);
        return option->id;
}

int arguments_next(Arguments *a, const char **ret_value, char **ret_complaint) {
        const Option *option;
        const char *arg;
        size_t len;

        assert(a);
        assert(a->next);
        assert(a->options);
        assert(ret_value);
        assert(ret_complaint);

        arg = *a->next;
        if (arg && !a->options_ended && streq(arg, "--")) {
                a->options_ended = true;
                arg = *++a->next;
        }
        if (!arg)
                return ARGUMENT_END;

        /* A lone "-" is an operand, as everywhere. */
        if (a->options_ended || arg[0] != '-' || arg[1] == '\0') {
                if (!a->stops_at_operand)
                        a->next++;
                *ret_value = arg;
                return ARGUMENT_OPERAND;
        }

        if (arg[1] != '-') {
                option = find_letter(a->options, arg[1]);
                if (!option)
                        return complain_of_unknown(ret_complaint, a->options, arg);
                a->next++;
                return take_value(a, option, arg[2] != '\0' ? arg + 2 : NULL, ret_value,
                                  ret_complaint);
        }

        len = strcspn(arg + 2, "=");
        option = find_option(a->options, arg + 2, len);
        if (!option)
                return complain_of_unknown(ret_complaint, a->options, arg);
        a->next++;

        if (!option->value) {
                if (arg[2 + len] == '=')
                        return complain(ret_complaint, "option '--%s' takes no value",
                                        option->name);
                *ret_value = NULL;
                return option->id;
        }

        return take_value(a, option, arg[2 + len] == '=' ? arg + 2 + len + 1 : NULL, ret_value,
                          ret_complaint);
}
