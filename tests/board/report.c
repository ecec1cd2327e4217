/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "fd-util.h"
#include "report.h"

enum {
        ODDITY_KINDS_MAX = 64,
        ODDITIES_PRINTED = 3, /* of each kind */
};

typedef struct Oddity {
        const char *stage; /* static strings of the callers */
        const char *kind;
        unsigned n;
        char detail[256]; /* of the first, escaped */
} Oddity;

struct Report {
        FILE *out; /* not owned */
        uint64_t start_usec;
        Oddity oddities[ODDITY_KINDS_MAX];
        size_t n_oddities;
};

int report_new(FILE *out, Report **ret) {
        Report *report = calloc(1, sizeof(*report));

        if (!report)
                return -ENOMEM;
        report->out = out;
        report->start_usec = now_usec();
        *ret = report;
        return 0;
}

Report *report_free(Report *report) {
        free(report);
        return NULL;
}

double report_now_ms(const Report *report) {
        return (double) (now_usec() - report->start_usec) / 1000.0;
}

char *json_escape(const void *bytes, size_t len, char *buffer, size_t size) {
        const uint8_t *p = bytes;
        size_t used = 0;

        for (size_t i = 0; i < len && size - used > 7; i++)
                if (p[i] == '"' || p[i] == '\\')
                        used += (size_t) sprintf(buffer + used, "\\%c", p[i]);
                else if (p[i] >= 0x20 && p[i] < 0x7f)
                        buffer[used++] = (char) p[i];
                else
                        used += (size_t) sprintf(buffer + used, "\\u%04x", p[i]);
        buffer[used] = '\0';
        return buffer;
}

void report_event(Report *report, const char *event, const char *stage, const char *format, ...) {
        va_list ap;

        fprintf(report->out, "{\"event\":\"%s\",\"t_ms\":%.3f", event, report_now_ms(report));
        if (stage)
                fprintf(report->out, ",\"stage\":\"%s\"", stage);
        if (format) {
                fputc(',', report->out);
                va_start(ap, format);
                vfprintf(report->out, format, ap);
                va_end(ap);
        }
        fputs("}\n", report->out);
        fflush(report->out);
}

static Oddity *oddity_find_or_add(Report *report, const char *stage, const char *kind) {
        for (size_t i = 0; i < report->n_oddities; i++)
                if (streq(report->oddities[i].stage, stage) &&
                    streq(report->oddities[i].kind, kind))
                        return &report->oddities[i];
        if (report->n_oddities >= ODDITY_KINDS_MAX)
                return &report->oddities[ODDITY_KINDS_MAX - 1];
        report->oddities[report->n_oddities] = (Oddity){.stage = stage, .kind = kind};
        return &report->oddities[report->n_oddities++];
}

void report_oddity(Report *report, const char *stage, const char *kind, const char *format, ...) {
        Oddity *oddity = oddity_find_or_add(report, stage, kind);
        char text[160], escaped[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        json_escape(text, strlen(text), escaped, sizeof(escaped));
        if (oddity->n == 0)
                memcpy(oddity->detail, escaped, sizeof(escaped));
        if (oddity->n++ < ODDITIES_PRINTED)
                report_event(report, "oddity", stage, "\"kind\":\"%s\",\"detail\":\"%s\"", kind,
                             escaped);
}

unsigned report_count_oddity(const Report *report, const char *kind) {
        unsigned n = 0;

        for (size_t i = 0; i < report->n_oddities; i++)
                if (streq(report->oddities[i].kind, kind))
                        n += report->oddities[i].n;
        return n;
}

void stage_tally_init(StageTally *tally) {
        *tally = (StageTally){
                .image_ok = -1,
                .plug_ms = -1,
                .host_ms = -1,
                .request_ms = -1,
                .link_ms = -1,
                .answer_ms = -1,
                .rrq_ms = -1,
                .first_ms = -1,
                .last_ms = -1,
        };
}

static const char *json_bool(bool value) {
        return value ? "true" : "false";
}

static void print_ms(FILE *out, const char *name, double ms) {
        if (ms >= 0)
                fprintf(out, ",\"%s\":%.3f", name, ms);
        else
                fprintf(out, ",\"%s\":null", name);
}

static void print_tally(FILE *out, const char *name, const char *requests, const char *answered,
                        const StageTally *t) {
        if (t->n_runs == 0) {
                fprintf(out, ",\"%s\":null", name);
                return;
        }
        fprintf(out, ",\"%s\":{\"runs\":%u,\"%s\":%u,\"%s\":%u", name, t->n_runs, requests,
                t->n_requests, answered, t->answered_request);
        fprintf(out,
                ",\"dhcp_requests\":%u,\"arp_requests\":%u,\"arp_answers_sent\":%u,\"rrqs\":%u",
                t->n_dhcp_requests, t->n_arp_requests, t->n_arp_answers_sent, t->n_rrqs);
        fprintf(out, ",\"file\":\"%s\",\"block_size\":%u,\"window_size\":%u", t->file,
                t->block_size, t->window_size);
        fprintf(out,
                ",\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"repeats\":%" PRIu64
                ",\"acks_again\":%" PRIu64,
                t->n_blocks, t->n_bytes, t->n_repeats, t->n_acks_again);
        fprintf(out, ",\"flooded\":%" PRIu64 ",\"nonsense\":%u,\"nonsense_answered\":%u",
                t->n_flooded, t->n_nonsense, t->n_nonsense_answered);
        fprintf(out,
                ",\"faults\":{\"lost\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"reordered\":%" PRIu64
                ",\"late\":%" PRIu64 "}",
                t->n_frames_lost, t->n_frames_repeated, t->n_frames_reordered, t->n_frames_late);
        fprintf(out, ",\"delivered\":%s,\"image_ok\":%s,\"failure\":\"%s\"",
                json_bool(t->is_delivered), t->image_ok < 0 ? "null" : json_bool(t->image_ok > 0),
                t->failure);
        print_ms(out, "plug_ms", t->plug_ms);
        print_ms(out, "host_ms", t->host_ms);
        print_ms(out, "request_ms", t->request_ms);
        print_ms(out, "link_ms", t->link_ms);
        print_ms(out, "answer_ms", t->answer_ms);
        print_ms(out, "rrq_ms", t->rrq_ms);
        print_ms(out, "first_ms", t->first_ms);
        print_ms(out, "last_ms", t->last_ms);
        fputc('}', out);
}

void report_result(Report *report, bool is_success, const StageTally *rom, const StageTally *spl,
                   const StageTally *u_boot) {
        FILE *out = report->out;

        fprintf(out, "{\"event\":\"result\",\"t_ms\":%.3f,\"ok\":%s", report_now_ms(report),
                json_bool(is_success));
        print_tally(out, "rom", "requests", "answered_request", rom);
        print_tally(out, "spl", "discovers", "answered_discover", spl);
        print_tally(out, "u_boot", "discovers", "answered_discover", u_boot);
        fprintf(out, ",\"oddities\":[");
        for (size_t i = 0; i < report->n_oddities; i++) {
                const Oddity *o = &report->oddities[i];

                fprintf(out, "%s{\"stage\":\"%s\",\"kind\":\"%s\",\"count\":%u,\"detail\":\"%s\"}",
                        i ? "," : "", o->stage, o->kind, o->n, o->detail);
        }
        fputs("]}\n", out);
        fflush(out);
}
