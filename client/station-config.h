/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a flashing station does, as its file says: /etc/snagd/stations/NAME.yaml, a YAML document
 * (snagctl-station(7)). Whoever writes it is told of every mistake at once, each with its line and
 * column.
 *
 * Needs read access to the file. Blocks on reading it. Does not log. */

#include "firmware.h"
#include "yaml-walk.h"

/* Of a file; real ones have a few hundred bytes. */
#define STATION_CONFIG_SIZE_MAX (UINT64_C(64) * 1024)

/* An instance of snagctl-station@.service is called so, and so is the record. */
#define STATION_NAME_LEN_MAX 64u

#define STATION_PORTS_MAX 64u
#define STATION_THEN_MAX  256u /* the program and its arguments */
/* The same on the command line. */
#define STATION_RETRIES_MAX   100u
#define STATION_THEN_MAX_USEC (UINT64_C(24) * 3600 * USEC_PER_SEC)

/* The folder of the records, which the unit makes (StateDirectory=): the same whatever the prefix is. */
#define STATION_RECORD_DIR "/var/lib/snagctl"

typedef struct StationConfig {
        char *name;
        const Soc *soc;
        char *paths[_FIRMWARE_KIND_MAX];
        char **ports;               /* patterns of ID_PATHs (port-pattern.h); NULL: every port */
        int n_retries;              /* negative: not said */
        unsigned max;               /* boards at a time; 0: not said */
        char **then;                /* the program and its arguments; NULL: none */
        uint64_t then_timeout_usec; /* 0: not said */
        char *record;
} StationConfig;

/* 1 to 64 of `A-Za-z0-9_.-`, the first of them a letter or a digit. */
bool station_name_is_valid(const char *name);

/* The station that @data describes is called @name; @source: what the bytes are called in messages.
 * Pure. Returns 0; -ENOMEM; or -EBADMSG with what is wrong in *@mistakes, which is empty at first. */
int station_config_parse(const char *source, const char *name, const uint8_t *data, size_t size,
                         YamlMistakes *mistakes, StationConfig *ret);

/* The same for a file. @station is a name, or a file's if it has a '/': one that is tried before it is
 * put into its place. Another negative errno: it cannot be read, and the one mistake says why. */
int station_config_load(const char *station, YamlMistakes *mistakes, StationConfig *ret);

void station_config_done(StationConfig *c);

#define STATION_CHANGES_LEN_MAX 128

/* Writes the keys, but those of the images, in which the files of one station differ: "'ports', 'max'"; or
 * nothing. Returns @list. */
const char *station_config_list_changes(const StationConfig *before, const StationConfig *after,
                                        char list[static STATION_CHANGES_LEN_MAX]);
