/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "station-check.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "check-main.h"

static char said[8192];

static void on_finding(FindingLevel level, const char *sentence, void *userdata) {
        size_t len = strlen(said);

        (void) snprintf(said + len, sizeof(said) - len, "%d %s\n", (int) level, sentence);
}

static void run(const StationConfig *config, const char *user, const char *group) {
        said[0] = '\0';
        station_check_run(&(StationCheck){
                .config = config,
                .station = "bench",
                .user = user,
                .group = group,
                .on_finding = on_finding,
        });
}

static void check_says(FindingLevel level, const char *part) {
        char *line = strstr(said, part);

        ck_assert_msg(line != NULL, "not said: %s\n%s", part, said);
        while (line > said && line[-1] != '\n')
                line--;
        ck_assert_int_eq(line[0] - '0', (int) level);
}

static StationConfig good(void) {
        static char name[] = "bench", spl[] = "/srv/s", u_boot[] = "/srv/u",
                    record[] = STATION_RECORD_DIR "/bench.jsonl";

        return (StationConfig){
                .name = name,
                .paths = {[FIRMWARE_SPL] = spl, [FIRMWARE_U_BOOT] = u_boot},
                .record = record,
        };
}

/* In the group that is its own. */
START_TEST(test_all_is_well) {
        const struct passwd *self = getpwuid(getuid());
        const struct group *group = getgrgid(self->pw_gid);
        static char program[] = "sh";
        StationConfig c = good();

        c.then = (char *[]){program, NULL};
        run(&c, self->pw_name, group->gr_name);
        ck_assert_msg(said[0] == '0', "%s", said);
        ck_assert_msg(strchr(said, '\n')[1] == '\0', "%s", said);
}
END_TEST

START_TEST(test_user) {
        const struct passwd *self = getpwuid(getuid());
        StationConfig c = good();

        run(&c, "no-such-user", "root");
        check_says(FINDING_PROBLEM, "there is no user 'no-such-user', as whom a station runs");
        run(&c, "nobody", "root");
        check_says(FINDING_PROBLEM, "the user 'nobody' is no member of the group 'root', and may "
                                    "not recover boards: sudo usermod -aG root nobody");
        check_says(FINDING_NOTE, "runuser -u nobody -- snagctl check --station bench");
        run(&c, self->pw_name, "no-such-group");
        check_says(FINDING_PROBLEM, "is no member of the group 'no-such-group'");
}
END_TEST

START_TEST(test_hidden_files) {
        static char in_home[] = "/home/alice/spl.bin", in_tmp[] = "/var/tmp/u-boot.img",
                    near[] = "/homes/alice/spl.bin";
        StationConfig c = good();

        c.paths[FIRMWARE_SPL] = in_home;
        c.paths[FIRMWARE_U_BOOT] = in_tmp;
        run(&c, "no-such-user", "root");
        check_says(FINDING_WARNING, "'/home/alice/spl.bin': the station's unit does not see /home");
        check_says(FINDING_WARNING,
                   "'/var/tmp/u-boot.img': the station's unit does not see /var/tmp");
        c = good();
        c.paths[FIRMWARE_SPL] = near;
        run(&c, "no-such-user", "root");
        ck_assert_ptr_null(strstr(said, "does not see"));
}
END_TEST

START_TEST(test_record_elsewhere) {
        static char elsewhere[] = "/var/lib/snagctl-2/bench.jsonl";
        StationConfig c = good();

        c.record = elsewhere;
        run(&c, "no-such-user", "root");
        check_says(FINDING_WARNING, "the station's unit writes below /var/lib/snagctl only");
}
END_TEST

START_TEST(test_command) {
        static char none[] = "no-such-program", folder[] = "/no/such/program",
                    plain[] = "/etc/passwd";
        StationConfig c = good();

        c.then = (char *[]){none, NULL};
        run(&c, "no-such-user", "root");
        check_says(FINDING_PROBLEM, "there is no program 'no-such-program'");
        c.then = (char *[]){folder, NULL};
        run(&c, "no-such-user", "root");
        check_says(FINDING_PROBLEM, "'/no/such/program' cannot be run: No such file or directory");
        c.then = (char *[]){plain, NULL};
        run(&c, "no-such-user", "root");
        check_says(FINDING_PROBLEM, "'/etc/passwd' cannot be run: Permission denied");
}
END_TEST

TEST_MAIN("station-check", test_all_is_well, test_user, test_hidden_files, test_record_elsewhere,
          test_command)
