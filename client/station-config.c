/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every key has a function that takes its value. A value that is refused is left out, and reading goes
 * on, so that all mistakes are found at once; only what could not be loaded as YAML ends it. */

#include "station-config.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

#include "bus-contract.h"
#include "file.h"
#include "parse-util.h"
#include "port-pattern.h"
#include "soc-word.h"
#include "spelling.h"
#include "usb-port.h"

#define SUFFIX   ".yaml"
#define PATH_KEY "path"

#define EXPECTED_ROOT "'soc:', 'spl:' and 'u-boot:'"
#define EXPECTED_PORT                                                                            \
        "a port's ID_PATH as 'snagctl list' shows it, such as 'pci-0000:00:14.0-usb-0:1.4', in " \
        "which * ? and [] may stand for others"

typedef enum Key {
        KEY_SOC,
        KEY_SPL,
        KEY_U_BOOT,
        KEY_PORTS,
        KEY_RETRY,
        KEY_MAX,
        KEY_THEN,
        KEY_THEN_TIMEOUT,
        KEY_RECORD,
        _KEY_MAX,
} Key;

/* For messages and guesses. */
static const char *const keys[_KEY_MAX + 1] = {
        [KEY_SOC] = "soc",       [KEY_SPL] = "spl",
        [KEY_U_BOOT] = "u-boot", [KEY_PORTS] = "ports",
        [KEY_RETRY] = "retry",   [KEY_MAX] = "max",
        [KEY_THEN] = "then",     [KEY_THEN_TIMEOUT] = "then-timeout",
        [KEY_RECORD] = "record",
};

#define EXPECTED_KEY \
        "one of 'soc', 'spl', 'u-boot', 'ports', 'retry', 'max', 'then', 'then-timeout', 'record'"

typedef struct Reader {
        YamlWalk walk;
        StationConfig config;
        size_t lines[_KEY_MAX]; /* of each key that is there, whatever its value; 0: not there */
} Reader;

bool station_name_is_valid(const char *name) {
        size_t len;

        assert(name);

        len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
        return len > 0 && len <= STATION_NAME_LEN_MAX && name[len] == '\0' &&
               isalnum((unsigned char) name[0]);
}

static void strings_free(char **strings) {
        for (char **s = strings; s && *s; s++)
                free(*s);
        free(strings);
}

void station_config_done(StationConfig *c) {
        assert(c);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                free(c->paths[kind]);
        strings_free(c->ports);
        strings_free(c->then);
        free(c->record);
        free(c->name);
        *c = (StationConfig){};
}

/* --- values ---------------------------------------------------------------------------------- */

static int refuse_value(Reader *d, const yaml_node_t *node, const char *what,
                        const char *expected) {
        return yaml_walk_refuse(&d->walk, node->start_mark, "%s has %s; expected %s", what,
                                yaml_walk_is_null(node) ? "nothing" : yaml_walk_describe(node),
                                expected);
}

/* The text of a scalar that says something; *@ret_text is borrowed from the document. */
static int take_word(Reader *d, const yaml_node_t *node, const char *what, const char *expected,
                     const char **ret_text) {
        const char *text = yaml_walk_text(node);

        if (!text || *text == '\0' || yaml_walk_is_null(node))
                return refuse_value(d, node, what, expected);
        *ret_text = text;
        return 0;
}

static int take_number(Reader *d, const yaml_node_t *node, const char *what, unsigned min,
                       unsigned max, unsigned *ret) {
        const char *text = NULL;
        uint64_t number = 0;
        char expected[64];
        int r;

        (void) snprintf(expected, sizeof(expected), "a whole number from %u to %u", min, max);
        r = take_word(d, node, what, expected, &text);
        if (r < 0)
                return r;
        if (parse_u64(text, max, &number) < 0 || number < min)
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.64s' is none for %s; expected %s", text, what,
                                        expected);
        *ret = (unsigned) number;
        return 0;
}

/* A service has no working directory that anybody thinks of. */
static int take_path(Reader *d, const yaml_node_t *node, const char *what, char **ret) {
        static const char expected[] = "the name of a file, from '/' on";
        const char *text = NULL;
        int r;

        r = take_word(d, node, what, expected, &text);
        if (r < 0)
                return r;
        if (*text != '/')
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.256s' begins nowhere; expected %s", text, expected);
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

typedef int (*ItemFunction)(Reader *d, const yaml_node_t *node, size_t index);

/* A list of at least one word, each of which is looked at by @check. */
static int take_list(Reader *d, const yaml_node_t *node, size_t n_max, const char *what,
                     const char *expected, ItemFunction check, char ***ret) {
        size_t n, n_bad = 0;
        char **list;

        if (node->type != YAML_SEQUENCE_NODE ||
            node->data.sequence.items.start == node->data.sequence.items.top)
                return yaml_walk_refuse(&d->walk, node->start_mark, "%s has %s; expected %s", what,
                                        node->type == YAML_SEQUENCE_NODE ? "an empty list"
                                        : yaml_walk_is_null(node)        ? "nothing"
                                                                         : yaml_walk_describe(node),
                                        expected);
        n = (size_t) (node->data.sequence.items.top - node->data.sequence.items.start);
        if (n > n_max)
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "%s has %zu items; expected at most %zu", what, n, n_max);

        list = calloc(n + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const yaml_node_t *item = yaml_document_get_node(
                        &d->walk.document, node->data.sequence.items.start[i]);
                int r;

                r = check(d, item, i);
                if (r >= 0) {
                        list[i - n_bad] = strdup(yaml_walk_text(item));
                        if (!list[i - n_bad])
                                r = -ENOMEM;
                }
                if (r == -EBADMSG)
                        n_bad++;
                else if (r < 0) {
                        strings_free(list);
                        return r;
                }
        }
        *ret = list;
        return n_bad > 0 ? -EBADMSG : 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

static int take_soc(Reader *d, const yaml_node_t *node) {
        _cleanup_free_ char *complaint = NULL;
        char list[SOC_WORD_LIST_LEN_MAX];
        const char *text = NULL;
        int r;

        r = take_word(d, node, "'soc'", soc_word_list(list), &text);
        if (r < 0)
                return r;
        if (soc_word_parse(text, &complaint, &d->config.soc) >= 0)
                return 0;
        return complaint ? yaml_walk_refuse(&d->walk, node->start_mark, "%s", complaint) : -ENOMEM;
}

/* `spl: FILE`; and, as Snagboot's files have it, `spl: {path: FILE}`. */
static int take_image(Reader *d, const yaml_node_t *node, FirmwareKind kind) {
        static const char *const known[] = {PATH_KEY, NULL};
        const char *key = keys[kind == FIRMWARE_SPL ? KEY_SPL : KEY_U_BOOT];
        const yaml_node_t *path = NULL;
        char what[16];
        int r = 0;

        (void) snprintf(what, sizeof(what), "'%s'", key);
        if (node->type != YAML_MAPPING_NODE)
                return take_path(d, node, what, &d->config.paths[kind]);

        for (YAML_WALK_PAIRS(pair, node)) {
                const yaml_node_t *name = yaml_walk_key(&d->walk, pair);
                const char *text = yaml_walk_text(name);

                if (!text || !streq(text, PATH_KEY))
                        r = yaml_walk_refuse_key(&d->walk, name, known, "'path'");
                else if (path)
                        r = yaml_walk_refuse_again(&d->walk, name->start_mark, PATH_KEY,
                                                   path->start_mark.line + 1);
                else {
                        path = yaml_walk_value(&d->walk, pair);
                        r = take_path(d, path, "'path'", &d->config.paths[kind]);
                }
                if (r < 0 && r != -EBADMSG)
                        return r;
        }
        if (!path)
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%s' has no 'path'; expected 'path: FILE'", key);
        return r;
}

static int take_spl(Reader *d, const yaml_node_t *node) {
        return take_image(d, node, FIRMWARE_SPL);
}

static int take_u_boot(Reader *d, const yaml_node_t *node) {
        return take_image(d, node, FIRMWARE_U_BOOT);
}

/* What udev calls an interface of the board, as network cards have it, is never a board's. */
static int check_no_interface(Reader *d, const yaml_node_t *node, const char *text) {
        _cleanup_free_ char *path = NULL;

        if (!usb_id_path_is_valid(text))
                return 0; /* a pattern */
        if (usb_id_path_without_interface(text, &path) < 0)
                return -ENOMEM;
        if (streq(path, text))
                return 0;
        return yaml_walk_refuse(&d->walk, node->start_mark,
                                "'%.255s' is an interface of a board; expected its port, '%.255s'",
                                text, path);
}

static int check_port(Reader *d, const yaml_node_t *node, size_t index) {
        const char *text = NULL;
        int r;

        r = take_word(d, node, "a port", EXPECTED_PORT, &text);
        if (r < 0)
                return r;

        switch (port_pattern_get_kind(text)) {
        case PORT_PATTERN_BAD:
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.64s' is no port; expected " EXPECTED_PORT, text);
        case PORT_PATTERN_OF_NAMES:
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.64s' goes by the number of a bus, which may be another "
                                        "one after a boot; expected " EXPECTED_PORT
                                        " (without 'ports': every port)",
                                        text);
        case PORT_PATTERN_OF_PATHS:
                break;
        }
        return check_no_interface(d, node, text);
}

static int take_ports(Reader *d, const yaml_node_t *node) {
        return take_list(d, node, STATION_PORTS_MAX, "'ports'",
                         "a list, each item of it " EXPECTED_PORT, check_port, &d->config.ports);
}

static int take_retry(Reader *d, const yaml_node_t *node) {
        unsigned n = 0;
        int r;

        r = take_number(d, node, "'retry'", 0, STATION_RETRIES_MAX, &n);
        if (r >= 0)
                d->config.n_retries = (int) n;
        return r;
}

static int take_max(Reader *d, const yaml_node_t *node) {
        return take_number(d, node, "'max'", 1, SESSIONS_PER_USER_MAX, &d->config.max);
}

/* An argument may be empty if it is written as such; a program may not, and it is not looked for in a
 * folder that nobody knows. */
static int check_then(Reader *d, const yaml_node_t *node, size_t index) {
        static const char program[] = "a program: its file from '/' on, or a name without '/'";
        const char *text = yaml_walk_text(node);

        if (!text || yaml_walk_is_null(node) || (index == 0 && *text == '\0'))
                return refuse_value(d, node, index == 0 ? "'then'" : "an argument",
                                    index == 0 ? program : "a word (quotes make any text one)");
        if (index == 0 && *text != '/' && strchr(text, '/'))
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.256s' begins nowhere; expected %s", text, program);
        return 0;
}

static int take_then(Reader *d, const yaml_node_t *node) {
        return take_list(d, node, STATION_THEN_MAX, "'then'",
                         "a list, the program and each of its arguments an item, as no shell reads "
                         "it: [fastboot, reboot]",
                         check_then, &d->config.then);
}

static int take_then_timeout(Reader *d, const yaml_node_t *node) {
        static const char expected[] = "seconds, more than 0 and at most a day (86400)";
        const char *text = NULL;
        uint64_t usec = 0;
        int r;

        r = take_word(d, node, "'then-timeout'", expected, &text);
        if (r < 0)
                return r;
        if (parse_seconds(text, STATION_THEN_MAX_USEC, &usec) < 0 || usec == 0)
                return yaml_walk_refuse(&d->walk, node->start_mark,
                                        "'%.64s' is no time; expected %s", text, expected);
        d->config.then_timeout_usec = usec;
        return 0;
}

static int take_record(Reader *d, const yaml_node_t *node) {
        return take_path(d, node, "'record'", &d->config.record);
}

static int take_pair(Reader *d, const yaml_node_t *name, const yaml_node_t *value) {
        static int (*const functions[_KEY_MAX])(Reader * d, const yaml_node_t *node) = {
                [KEY_SOC] = take_soc,       [KEY_SPL] = take_spl,
                [KEY_U_BOOT] = take_u_boot, [KEY_PORTS] = take_ports,
                [KEY_RETRY] = take_retry,   [KEY_MAX] = take_max,
                [KEY_THEN] = take_then,     [KEY_THEN_TIMEOUT] = take_then_timeout,
                [KEY_RECORD] = take_record,
        };
        const char *text = yaml_walk_text(name);

        for (Key key = 0; text && key < _KEY_MAX; key++) {
                if (!streq(text, keys[key]))
                        continue;
                if (d->lines[key] > 0)
                        return yaml_walk_refuse_again(&d->walk, name->start_mark, text,
                                                      d->lines[key]);
                d->lines[key] = name->start_mark.line + 1;
                return functions[key](d, value);
        }
        return yaml_walk_refuse_key(&d->walk, name, keys, EXPECTED_KEY);
}

/* --- the file -------------------------------------------------------------------------------- */

static int check_missing(Reader *d) {
        static const struct {
                Key key;
                const char *expected;
        } needed[] = {
                {KEY_SOC, "'soc: am335x', or another one"},
                {KEY_SPL, "'spl: FILE'"},
                {KEY_U_BOOT, "'u-boot: FILE'"},
        };

        for (size_t i = 0; i < ELEMENTSOF(needed); i++) {
                int r;

                if (d->lines[needed[i].key] > 0)
                        continue;
                r = yaml_walk_refuse(&d->walk, d->walk.root->start_mark,
                                     "there is no '%s'; expected %s", keys[needed[i].key],
                                     needed[i].expected);
                if (r != -EBADMSG)
                        return r;
        }
        return 0;
}

static int read_root(Reader *d) {
        for (YAML_WALK_PAIRS(pair, d->walk.root)) {
                int r = take_pair(d, yaml_walk_key(&d->walk, pair),
                                  yaml_walk_value(&d->walk, pair));

                if (r < 0 && r != -EBADMSG)
                        return r;
        }
        return check_missing(d);
}

static int fill_in(StationConfig *c, const char *name) {
        c->name = strdup(name);
        if (!c->name)
                return -ENOMEM;
        if (!c->record && asprintf(&c->record, STATION_RECORD_DIR "/%s.jsonl", name) < 0) {
                c->record = NULL;
                return -ENOMEM;
        }
        return 0;
}

int station_config_parse(const char *source, const char *name, const uint8_t *data, size_t size,
                         YamlMistakes *mistakes, StationConfig *ret) {
        Reader d = {
                .walk = {.source = source, .mistakes = mistakes},
                .config = {.n_retries = -1},
        };
        int r;

        assert(source);
        assert(name);
        assert(mistakes);
        assert(mistakes->n == 0);
        assert(ret);

        r = yaml_walk_begin(&d.walk, data, size, EXPECTED_ROOT);
        if (r >= 0) {
                r = read_root(&d);
                yaml_walk_end(&d.walk);
        }
        if (r >= 0 && mistakes->n > 0)
                r = -EBADMSG;
        if (r >= 0)
                r = fill_in(&d.config, name);
        if (r < 0) {
                station_config_done(&d.config);
                return r;
        }
        *ret = d.config;
        return 0;
}

/* --- two of them ----------------------------------------------------------------------------- */

static bool are_equal(char *const *a, char *const *b) {
        if (!a || !b)
                return a == b;
        for (; *a && *b; a++, b++)
                if (!streq(*a, *b))
                        return false;
        return *a == *b;
}

const char *station_config_list_changes(const StationConfig *before, const StationConfig *after,
                                        char list[static STATION_CHANGES_LEN_MAX]) {
        const bool is_changed[_KEY_MAX] = {
                [KEY_SOC] = before->soc != after->soc,
                [KEY_PORTS] = !are_equal(before->ports, after->ports),
                [KEY_RETRY] = before->n_retries != after->n_retries,
                [KEY_MAX] = before->max != after->max,
                [KEY_THEN] = !are_equal(before->then, after->then),
                [KEY_THEN_TIMEOUT] = before->then_timeout_usec != after->then_timeout_usec,
                [KEY_RECORD] = !streq(before->record, after->record),
        };
        size_t len = 0;

        list[0] = '\0';
        for (Key key = 0; key < _KEY_MAX; key++)
                if (is_changed[key] && len < STATION_CHANGES_LEN_MAX)
                        len += (size_t) snprintf(list + len, STATION_CHANGES_LEN_MAX - len,
                                                 "%s'%s'", len > 0 ? ", " : "", keys[key]);
        return list;
}

/* --- where it is ----------------------------------------------------------------------------- */

static int is_station_file(const struct dirent *entry) {
        size_t len = strlen(entry->d_name);

        return len > STRLEN(SUFFIX) && streq(entry->d_name + len - STRLEN(SUFFIX), SUFFIX);
}

static int refuse_unknown(const char *station, YamlMistakes *mistakes) {
        struct dirent **entries = NULL;
        SpellingGuess guess = {.word = station};
        int n, r;

        n = scandir(STATIONS_DIR, &entries, is_station_file, alphasort);
        for (int i = 0; i < n; i++) {
                entries[i]->d_name[strlen(entries[i]->d_name) - STRLEN(SUFFIX)] = '\0';
                spelling_offer(&guess, entries[i]->d_name);
        }
        r = yaml_mistakes_add(mistakes,
                              "there is no station '%s': '%s/%s" SUFFIX "' is not there%s%s%s",
                              station, STATIONS_DIR, station, guess.best ? "; did you mean '" : "",
                              guess.best ? guess.best : "", guess.best ? "'?" : "");
        for (int i = 0; i < n; i++)
                free(entries[i]);
        free(entries);
        return r == -ENOMEM ? r : -ENOENT;
}

/* "dir/bench.yaml" is the station "bench". */
static char *name_of_file(const char *path) {
        const char *base = strrchr(path, '/') + 1;
        size_t len = strlen(base);

        if (len > STRLEN(SUFFIX) && streq(base + len - STRLEN(SUFFIX), SUFFIX))
                len -= STRLEN(SUFFIX);
        return strndup(base, len);
}

static int load_file(const char *path, const char *name, YamlMistakes *mistakes,
                     StationConfig *ret) {
        _cleanup_free_ uint8_t *data = NULL;
        _cleanup_free_ char *reason = NULL;
        size_t size = 0;
        int r, added;

        r = file_read(path, STATION_CONFIG_SIZE_MAX, "a station's file", &reason, &data, &size);
        if (r >= 0)
                return station_config_parse(path, name, data, size, mistakes, ret);
        if (!reason)
                return -ENOMEM;
        added = yaml_mistakes_add(mistakes, "%s", reason);
        return added == -ENOMEM ? added : r;
}

static int refuse_name(const char *name, YamlMistakes *mistakes) {
        int r;

        r = yaml_mistakes_add(mistakes,
                              "'%.64s' is no name of a station; expected at most %u of A-Z, a-z, "
                              "0-9, '_', '.' and '-', the first a letter or a digit",
                              name, STATION_NAME_LEN_MAX);
        return r == -ENOMEM ? r : -EINVAL;
}

int station_config_load(const char *station, YamlMistakes *mistakes, StationConfig *ret) {
        _cleanup_free_ char *path = NULL, *name = NULL;
        bool is_file;

        assert(station);
        assert(mistakes);
        assert(ret);

        is_file = strchr(station, '/');
        name = is_file ? name_of_file(station) : strdup(station);
        if (!name)
                return -ENOMEM;
        if (!station_name_is_valid(name))
                return refuse_name(name, mistakes);
        if (is_file)
                return load_file(station, name, mistakes, ret);

        if (asprintf(&path, "%s/%s" SUFFIX, STATIONS_DIR, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return refuse_unknown(name, mistakes);
        return load_file(path, name, mistakes, ret);
}
