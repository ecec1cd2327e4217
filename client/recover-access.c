/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recover-access.h"

#include <assert.h>
#include <pwd.h>

#include "session-proxy.h"

/* If it cannot be told, opening the session tells why. */
static bool needs_password(const RecoverRequest *q, sd_bus *bus) {
        SessionAccess access = SESSION_ACCESS_NO;
        ProxyError error = {};

        if (session_proxy_can_open(bus,
                                   &(SessionProxySpec){
                                           .soc = q->soc->name,
                                           .port = q->port,
                                           .stage = q->stage,
                                   },
                                   &error, &access) < 0)
                proxy_error_done(&error);
        return access == SESSION_ACCESS_CHALLENGE;
}

void recover_access_prepare(const RecoverRequest *q, sd_bus *bus, PasswordAgent *agent,
                            Progress *progress) {
        assert(q);
        assert(bus);
        assert(agent);

        if (progress_may_ask(progress) && needs_password(q, bus))
                password_agent_start(agent);
}

ExitStatus recover_access_report(const ProxyError *error, Progress *progress) {
        const struct passwd *user = getpwuid(getuid());
        ExitStatus status = verb_report_failure(progress, error);

        if (status != EXIT_STATUS_DENIED)
                return status;

        /* Group membership is looked up when it is asked for, so no new login is needed. */
        progress_hint(progress,
                      "  who sits at this computer needs no password, nor do members of the group "
                      "'snagd';");
        progress_hint(progress, "  to be one, effective at once: sudo usermod -aG snagd %s",
                      user ? user->pw_name : "NAME");
        progress_hint(progress, "  or let an administrator give a password on a terminal%s",
                      progress_may_ask(progress) ? "" : ", without --no-ask-password");
        return status;
}
