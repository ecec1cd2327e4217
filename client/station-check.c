/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "station-check.h"

#include <assert.h>
#include <grp.h>
#include <pwd.h>

#include "then-command.h"

/* A user is in more groups than that nowhere. */
#define GROUPS_MAX 256

/* As finding_tell(). */
#define find(c, ...) finding_tell((c)->on_finding, (c)->userdata, __VA_ARGS__)

/* --- its user -------------------------------------------------------------------------------- */

/* As polkit's rule does: in the group database, whoever asks. */
static bool is_member(const struct passwd *user, gid_t gid) {
        gid_t groups[GROUPS_MAX];
        int n = GROUPS_MAX;

        n = getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0 ? GROUPS_MAX : n;
        for (int i = 0; i < n; i++)
                if (groups[i] == gid)
                        return true;
        return false;
}

static void check_user(const StationCheck *c) {
        const struct passwd *user = getpwnam(c->user);
        const struct group *group = getgrnam(c->group);

        if (!user)
                find(c, FINDING_PROBLEM,
                     "there is no user '%s', as whom a station runs: systemd-sysusers makes it",
                     c->user);
        else if (!group || !is_member(user, group->gr_gid))
                find(c, FINDING_PROBLEM,
                     "the user '%s' is no member of the group '%s', and may not recover boards: sudo "
                     "usermod -aG %s %s",
                     c->user, c->group, c->group, c->user);
        else
                find(c, FINDING_OK, "the user '%s' may recover boards", c->user);

        if (user && getuid() != user->pw_uid)
                find(c, FINDING_NOTE,
                     "files were looked at by you; whether the station may read them: runuser -u %s -- "
                     "snagctl check --station %s",
                     c->user, c->station);
}

/* --- its sandbox ----------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *folder) {
        size_t len = strlen(folder);

        return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* ProtectHome=yes, PrivateTmp=yes. */
static void check_visible(const StationCheck *c, const char *path) {
        static const char *const hidden[] = {"/home", "/root", "/run/user", "/tmp", "/var/tmp"};

        for (size_t i = 0; i < ELEMENTSOF(hidden); i++)
                if (is_below(path, hidden[i]))
                        find(c, FINDING_WARNING,
                             "'%s': the station's unit does not see %s; a place below /srv or "
                             "/var/lib is seen",
                             path, hidden[i]);
}

/* ProtectSystem=strict, StateDirectory=snagctl. */
static void check_record(const StationCheck *c) {
        const char *record = c->config->record;

        if (is_below(record, STATION_RECORD_DIR))
                return;
        find(c, FINDING_WARNING,
             "'%s': the station's unit writes below %s only, unless ReadWritePaths= in a drop-in "
             "allows another folder (see snagctl-station(7))",
             record, STATION_RECORD_DIR);
}

/* --- its command ----------------------------------------------------------------------------- */

/* Of the unit: systemd's own. */
#define UNIT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void check_then(const StationCheck *c) {
        _cleanup_free_ char *reason = NULL;
        const char *program;

        if (!c->config->then)
                return;
        program = c->config->then[0];
        if (*program == '/')
                check_visible(c, program);
        if (then_command_check(program, UNIT_PATH, &reason) < 0)
                find(c, FINDING_PROBLEM, "%s", reason ? reason : "out of memory");
}

void station_check_run(const StationCheck *c) {
        assert(c);
        assert(c->config);
        assert(c->on_finding);

        check_user(c);
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++)
                check_visible(c, c->config->paths[kind]);
        check_record(c);
        check_then(c);
}
