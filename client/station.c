/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a reload changes: the images, and nothing else. The boards that are being served go on with those that
 * they were begun with, since whoever takes the new ones (on_files) keeps both. What else stands in the file counts
 * from the next start on, and the user is told so: sessions that wait are bound to ports and SoC. Another SoC
 * is refused altogether, lest a board is sent what was built for another one.
 *
 * Whatever is wrong with the file or an image: the station goes on with what it has, and says so, in its log and
 * in its status line, until a reload succeeds. It must not fall silent because somebody mistyped a word.
 *
 * systemd is told RELOADING=1 before, and READY=1 after it in every case, else it waits for ever. */

#include "station.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>

#include "fd-util.h"

struct Station {
        StationSpec spec;
        sd_event_source *hangup_source;
        NotifyCounts counts;
        bool is_ready;
        bool is_stopping;
        bool has_failed_reload; /* the last one */
};

static const char *format_status(const Station *s, char buffer[static NOTIFY_STATUS_LEN_MAX]) {
        const char *remark = s->has_failed_reload
                                     ? "the last reload failed, so boards get what they got before"
                             : s->is_stopping ? "takes no more boards"
                                              : NULL;

        return notify_format_status(buffer, &s->counts, remark);
}

/* --- reload ---------------------------------------------------------------------------------- */

static void close_files(Firmware *files[static _FIRMWARE_KIND_MAX]) {
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                files[kind] = firmware_free(files[kind]);
}

static int report_out_of_memory(Progress *progress) {
        progress_error(progress, "out of memory");
        return -ENOMEM;
}

int station_load_config(const char *station, Progress *progress, StationConfig *ret) {
        _cleanup_(yaml_mistakes_done) YamlMistakes mistakes = {};
        int r;

        assert(station);
        assert(progress);
        assert(ret);

        r = station_config_load(station, &mistakes, ret);
        if (r == -ENOMEM)
                return report_out_of_memory(progress);
        for (size_t i = 0; i < mistakes.n_kept; i++)
                progress_error(progress, "%s", mistakes.sentences[i]);
        if (mistakes.n > mistakes.n_kept)
                progress_error(progress, "and %zu more mistakes", mistakes.n - mistakes.n_kept);
        return r;
}

static int check_changes(const Station *s, const StationConfig *config) {
        char changes[STATION_CHANGES_LEN_MAX];

        if (config->soc != s->spec.config->soc) {
                progress_error(s->spec.progress,
                               "the station is one for %s, its file says %s now: that takes a "
                               "restart",
                               s->spec.config->soc->name, config->soc->name);
                return -EBADMSG;
        }
        if (*station_config_list_changes(s->spec.config, config, changes))
                progress_warning(
                        s->spec.progress,
                        "a reload takes new images; what else was changed (%s) counts from "
                        "the next start on",
                        changes);
        return 0;
}

static int open_files(const Station *s, const StationConfig *config,
                      Firmware *files[static _FIRMWARE_KIND_MAX]) {
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                _cleanup_free_ char *reason = NULL;
                int r;

                r = firmware_open(kind, config->paths[kind], config->soc, &reason, &files[kind]);
                if (r < 0 && !reason)
                        return report_out_of_memory(s->spec.progress);
                if (r < 0) {
                        progress_error(s->spec.progress, "%s", reason);
                        return r;
                }
                if (files[kind]->warning)
                        progress_warning(s->spec.progress, "%s", files[kind]->warning);
        }
        firmware_make_names_distinct(files[FIRMWARE_SPL], files[FIRMWARE_U_BOOT]);
        return 0;
}

static int hand_over(const Station *s, Firmware *files[static _FIRMWARE_KIND_MAX]) {
        size_t spl_size = files[FIRMWARE_SPL]->size, u_boot_size = files[FIRMWARE_U_BOOT]->size;
        int r;

        r = s->spec.on_files(files, s->spec.userdata);
        if (r < 0) {
                progress_error(s->spec.progress, "cannot take new images: %s", strerror(-r));
                return r;
        }
        progress_note(s->spec.progress,
                      "the next boards get the images as they are now: SPL %zu bytes, U-Boot %zu "
                      "bytes",
                      spl_size, u_boot_size);
        return 0;
}

static int reload(const Station *s) {
        _cleanup_(station_config_done) StationConfig config = {};
        Firmware *files[_FIRMWARE_KIND_MAX] = {};
        int r;

        r = station_load_config(s->spec.station, s->spec.progress, &config);
        if (r < 0)
                return r;
        r = check_changes(s, &config);
        if (r < 0)
                return r;
        r = open_files(s, &config, files);
        if (r >= 0)
                r = hand_over(s, files);
        close_files(files);
        return r;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        char status[NOTIFY_STATUS_LEN_MAX];
        Station *s = userdata;

        notify_reloading(now_usec());
        s->has_failed_reload = reload(s) < 0;
        if (s->has_failed_reload)
                progress_warning(s->spec.progress,
                                 "nothing was taken: boards get what they got before");
        notify_ready(format_status(s, status));
        return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

Station *station_free(Station *s) {
        if (!s)
                return NULL;

        sd_event_source_disable_unref(s->hangup_source);
        free(s);
        return NULL;
}

int station_new(const StationSpec *spec, Station **ret) {
        _cleanup_(station_freep) Station *s = NULL;
        int r;

        assert(spec);
        assert(spec->station);
        assert(spec->config);
        assert(spec->on_files);
        assert(ret);

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->spec = *spec;
        r = sd_event_add_signal(spec->event, &s->hangup_source, SIGHUP | SD_EVENT_SIGNAL_PROCMASK,
                                on_hangup, s);
        if (r < 0)
                return r;
        /* Boards, whose packets will not wait, come first. */
        r = sd_event_source_set_priority(s->hangup_source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;
        r = sd_event_set_watchdog(spec->event, true);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

void station_set_ready(Station *s) {
        char status[NOTIFY_STATUS_LEN_MAX];

        assert(s);

        s->is_ready = true;
        notify_ready(format_status(s, status));
}

void station_set_counts(Station *s, NotifyCounts counts) {
        char status[NOTIFY_STATUS_LEN_MAX];

        assert(s);

        s->counts = counts;
        if (s->is_ready)
                notify_status(format_status(s, status));
}

void station_set_stopping(Station *s) {
        char status[NOTIFY_STATUS_LEN_MAX];

        assert(s);

        s->is_stopping = true;
        notify_stopping(format_status(s, status));
}
