/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Events as JSON objects, one a line, each in one write(2): what --json shows a program. The only file
 * that knows how they look on the wire; their meaning is in snagctl-1.schema.json. Blocks on the
 * output alone. Does not log. */

#include <time.h>

#include "event.h"

#define JSON_LINES_SCHEMA "snagctl/1"

/* "2026-11-25T04:31:05.123456Z" */
#define JSON_LINES_TIME_SIZE 28u

/* Writes one event to @fd: "schema", "time" (now) and "event", which is @name, come first. Returns 0 or a
 * negative errno. */
int json_lines_write(int fd, const char *name, const EventField *fields);

/* The last line, written by a signal's handler: the result of a program that ends by @signal_number with
 * @exit_status. Async-signal-safe. */
void json_lines_write_interrupted(int fd, int signal_number, int exit_status);

/* RFC 3339, in UTC; async-signal-safe. @now is of the years 1970 to 9999. Returns @buffer. */
const char *json_lines_format_time(char buffer[static JSON_LINES_TIME_SIZE],
                                   const struct timespec *now);
