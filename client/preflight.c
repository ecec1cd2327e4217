/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "preflight.h"

#include <assert.h>
#include <pwd.h>
#include <sys/utsname.h>

#include "bus-contract.h"
#include "host-check.h"
#include "manager-proxy.h"
#include "port-pattern.h"
#include "record.h"
#include "session-proxy.h"
#include "station-check.h"
#include "usb-device.h"

typedef struct Preflight {
        RecoverRequest *request;
        Progress *progress;
        ExitStatus status;
} Preflight;

static void on_finding(FindingLevel level, const char *sentence, void *userdata) {
        static const char *const words[] = {
                [FINDING_OK] = "ok",
                [FINDING_NOTE] = "note",
                [FINDING_WARNING] = "warning",
                [FINDING_PROBLEM] = "problem",
        };
        Preflight *c = userdata;

        progress_event(
                c->progress, "finding",
                EVENT_FIELDS(EVENT_TEXT("level", words[level]), EVENT_TEXT("text", sentence)));
        progress_result(c->progress, "%s: %s", words[level], sentence);
        if (level == FINDING_PROBLEM && c->status == EXIT_STATUS_SUCCESS)
                c->status = EXIT_STATUS_FAILED;
}

/* As finding_tell(). */
#define find(c, ...) finding_tell(on_finding, (c), __VA_ARGS__)

/* --- the files
 * --------------------------------------------------------------------------------- */

static void check_file(Preflight *c, FirmwareKind kind) {
        _cleanup_free_ char *reason = NULL;
        const Firmware *f;

        if (!c->request->paths[kind])
                return;
        if (recover_request_open_file(c->request, kind, &reason) < 0) {
                find(c, FINDING_PROBLEM, "%s", reason ? reason : "out of memory");
                c->status = EXIT_STATUS_USAGE;
                return;
        }

        f = c->request->images[kind];
        find(c, FINDING_OK, "'%s' is good as %s: %zu bytes are sent", f->path,
             kind == FIRMWARE_SPL ? "an SPL" : "U-Boot", f->size);
        if (f->note)
                find(c, FINDING_NOTE, "%s", f->note);
        if (f->warning)
                find(c, FINDING_WARNING, "%s", f->warning);
}

static void check_capture(Preflight *c) {
        _cleanup_free_ char *reason = NULL;

        if (!c->request->capture_path)
                return;
        if (recover_request_check_capture(c->request, &reason) < 0) {
                find(c, FINDING_PROBLEM, "%s", reason ? reason : "out of memory");
                c->status = EXIT_STATUS_USAGE;
        } else
                find(c, FINDING_OK, "'%s' can be captured to", c->request->capture_path);
}

static void check_record(Preflight *c) {
        _cleanup_free_ char *reason = NULL;

        /* Of a station it is its own user's affair: station_check_run(). */
        if (!c->request->record_path || c->request->station)
                return;
        if (record_check(c->request->record_path, &reason) < 0) {
                find(c, FINDING_PROBLEM, "%s", reason ? reason : "out of memory");
                c->status = EXIT_STATUS_USAGE;
        } else
                find(c, FINDING_OK, "'%s' can be a record", c->request->record_path);
}

static void check_then(Preflight *c) {
        _cleanup_free_ char *reason = NULL;

        if (!c->request->then || c->request->station)
                return;
        if (recover_request_check_then(c->request, &reason) < 0) {
                find(c, FINDING_PROBLEM, "%s", reason ? reason : "out of memory");
                c->status = EXIT_STATUS_USAGE;
        } else
                find(c, FINDING_OK, "'%s' can be run after a recovery", c->request->then[0]);
}

/* --- snagd
 * ------------------------------------------------------------------------------------- */

static void check_access(Preflight *c, sd_bus *bus) {
        const RecoverRequest *q = c->request;
        const struct passwd *user = getpwuid(getuid());
        const char *name = user ? user->pw_name : "NAME";
        SessionAccess access = SESSION_ACCESS_NO;
        ProxyError error = {};

        if (session_proxy_can_open(
                    bus,
                    &(SessionProxySpec){.soc = q->soc->name, .port = q->port, .stage = q->stage},
                    &error, &access) < 0) {
                find(c, FINDING_PROBLEM, "%s", proxy_error_get_text(&error));
                proxy_error_done(&error);
                return;
        }

        switch (access) {
        case SESSION_ACCESS_YES:
                find(c, FINDING_OK, "you may recover boards without a password");
                break;
        case SESSION_ACCESS_CHALLENGE:
                find(c, FINDING_WARNING,
                     "an administrator's password will be asked for; not from members of the group "
                     "'snagd': sudo usermod -aG snagd %s",
                     name);
                break;
        case SESSION_ACCESS_NO:
                find(c, FINDING_PROBLEM,
                     "you may not recover boards; members of the group 'snagd' may: sudo usermod -aG "
                     "snagd %s",
                     name);
                break;
        }
}

static bool is_meant(const RecoverRequest *q, const BoardInfo *b) {
        if (!streq(b->soc, q->soc->name))
                return false;
        for (size_t i = 0; q->is_all && i < q->n_ports; i++)
                if (port_pattern_matches(q->ports[i], b->port, b->id_path))
                        return true;
        if (q->is_all)
                return q->n_ports == 0;
        return !q->port || streq(q->port, b->port) || streq(q->port, b->id_path);
}

static void check_board(Preflight *c, const BoardInfo *b) {
        const RecoverRequest *q = c->request;

        if (*b->problem)
                find(c, FINDING_PROBLEM, "the board on port %s cannot be taken: %s", b->port,
                     b->problem);
        else if (!streq(b->session, BUS_PATH_NONE))
                find(c, FINDING_WARNING,
                     "the board on port %s is in a session already; see 'snagctl status'", b->port);
        else if (q->first_stage == STAGE_SPL && streq(b->stage, stage_to_string(STAGE_ROM)))
                find(c, FINDING_WARNING,
                     "the board on port %s is in its boot ROM, and --stage spl waits for one whose "
                     "SPL runs",
                     b->port);
        else if (q->first_stage == STAGE_ROM && streq(b->stage, stage_to_string(STAGE_SPL)))
                find(c, FINDING_WARNING,
                     "the board on port %s is not in its boot ROM, its SPL runs; see --stage spl, or "
                     "switch it off and on",
                     b->port);
        else
                find(c, FINDING_OK, "a board on port %s waits to be recovered (%s, stage '%s')",
                     b->port, b->soc, b->stage);
}

static void check_boards(Preflight *c, const ManagerObjects *objects) {
        const RecoverRequest *q = c->request;
        char phrase[USB_DEVICE_PHRASE_LEN_MAX] = "";
        const char *where = "", *port = "";
        size_t n = 0;

        for (size_t i = 0; i < objects->n_boards; i++)
                if (is_meant(c->request, &objects->boards[i])) {
                        check_board(c, &objects->boards[i]);
                        n++;
                }
        if (n > 0)
                return;

        if (q->is_all && q->n_ports > 0)
                where = " on one of the ports that are meant";
        else if (q->port) {
                where = " on port ";
                port = q->port;
                (void) usb_device_describe("", port, phrase);
        }
        find(c, FINDING_NOTE,
             "no %s is plugged in now%s%s%s%s%s; it may be later. If one is: are its boot pins set to USB, "
             "and is its USB device socket connected?",
             q->soc->name, where, port, *phrase ? " (" : "", phrase, *phrase ? ")" : "");
}

static void check_snagd(Preflight *c) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(manager_objects_done) ManagerObjects objects = {};
        ProxyError error = {};

        if (bus_proxy_connect(false, &error, &bus) < 0 ||
            manager_proxy_get_objects(bus, &error, &objects) < 0) {
                find(c, FINDING_PROBLEM, "%s", proxy_error_get_text(&error));
                proxy_error_done(&error);
                return;
        }
        find(c, FINDING_OK, "snagd answers");
        /* A station is not run by who checks it. */
        if (!c->request->station)
                check_access(c, bus);
        check_boards(c, &objects);
}

ExitStatus preflight_run(RecoverRequest *q, Progress *progress) {
        Preflight c = {.request = q, .progress = progress, .status = EXIT_STATUS_SUCCESS};
        struct utsname kernel = {};

        assert(q);
        assert(progress);

        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                check_file(&c, kind);
        check_capture(&c);
        check_record(&c);
        check_then(&c);
        if (q->station)
                station_check_run(&(StationCheck){
                        .config = &q->station_config,
                        .station = q->station,
                        .user = STATION_USER,
                        .group = STATION_GROUP,
                        .on_finding = on_finding,
                        .userdata = &c,
                });
        (void) uname(&kernel);
        host_check_run(&(HostCheck){
                .root = "",
                .kernel_release = kernel.release,
                .on_finding = on_finding,
                .userdata = &c,
        });
        check_snagd(&c);
        return c.status;
}
