/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One thing that happened, as a program is told of it: a name and fields. Just data, made on the stack of
 * whoever reports it; progress.h takes it, json-lines.h writes it. All names are part of the stable
 * format that snagctl-1.schema.json describes: numbers carry their unit in the name. */

#include "macro.h"

typedef enum EventFieldType {
        EVENT_FIELD_END,
        EVENT_FIELD_TEXT,
        EVENT_FIELD_TEXTS,
        EVENT_FIELD_NUMBER,
        EVENT_FIELD_SECONDS,
        EVENT_FIELD_TRUTH,
        EVENT_FIELD_OBJECT,
} EventFieldType;

typedef struct EventField {
        EventFieldType type;
        const char *name;
        union {
                const char *text;         /* NULL: null */
                const char *const *texts; /* NULL-terminated */
                uint64_t number; /* EVENT_FIELD_SECONDS: µs, which are written as seconds */
                bool truth;
                struct json_object *object; /* by json-c, borrowed: what fields are too flat for */
        };
} EventField;

/* The fields of one event, in a row, as an argument. */
#define EVENT_FIELDS(...) ((const EventField[]){__VA_ARGS__, {EVENT_FIELD_END}})
#define EVENT_NO_FIELDS   ((const EventField[]){{EVENT_FIELD_END}})

#define EVENT_TEXT(field, value)   ((EventField){EVENT_FIELD_TEXT, (field), {.text = (value)}})
#define EVENT_TEXTS(field, value)  ((EventField){EVENT_FIELD_TEXTS, (field), {.texts = (value)}})
#define EVENT_NUMBER(field, value) ((EventField){EVENT_FIELD_NUMBER, (field), {.number = (value)}})
#define EVENT_SECONDS(field, value) \
        ((EventField){EVENT_FIELD_SECONDS, (field), {.number = (value)}})
#define EVENT_TRUTH(field, value)  ((EventField){EVENT_FIELD_TRUTH, (field), {.truth = (value)}})
#define EVENT_OBJECT(field, value) ((EventField){EVENT_FIELD_OBJECT, (field), {.object = (value)}})

/* What is not there on the bus is an empty string; for a program it is null. */
#define EVENT_TEXT_OR_NULL(field, value) EVENT_TEXT(field, *(value) ? (value) : NULL)
