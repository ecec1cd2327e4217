/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "host-check.h"

#include <stdio.h>
#include <sys/stat.h>

#include "check-main.h"

/* A computer's files, below a folder of the test's. */
static char root[64], said[8192];

static void run_shell(const char *command) {
        char line[1024];

        ck_assert_int_lt(snprintf(line, sizeof(line), "set -e; cd '%s'; %s", root, command),
                         (int) sizeof(line));
        ck_assert_int_eq(system(line), 0);
}

static void begin(void) {
        (void) stpcpy(root, "/tmp/test-host-check-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(root));
        run_shell(
                "mkdir -p lib/modules/6.1 etc/modprobe.d etc/udev/rules.d etc/systemd/network"
                " sys/module run/netns ./" UDEV_RULES_DIR " ./" SYSTEMD_NETWORK_DIR "; "
                "echo 'kernel/net/netfilter/nf_tables.ko.xz: kernel/x.ko' >lib/modules/6.1/modules.dep; "
                "echo 'kernel/drivers/net/usb/rndis-host.ko: kernel/drivers/net/usb/usbnet.ko' "
                ">>lib/modules/6.1/modules.dep; "
                "echo x >./" UDEV_RULES_DIR "/70-snagd.rules; "
                "echo x >./" SYSTEMD_NETWORK_DIR "/70-snagd.link");
}

static void end(void) {
        run_shell("rm -rf -- \"$PWD\"");
}

static void on_finding(FindingLevel level, const char *sentence, void *userdata) {
        size_t len = strlen(said);

        (void) snprintf(said + len, sizeof(said) - len, "%d %s\n", (int) level, sentence);
}

static void run(void) {
        said[0] = '\0';
        host_check_run(
                &(HostCheck){.root = root, .kernel_release = "6.1", .on_finding = on_finding});
}

static void check_says(FindingLevel level, const char *part) {
        char *line = strstr(said, part);

        ck_assert_msg(line != NULL, "not said: %s\n%s", part, said);
        while (line > said && line[-1] != '\n')
                line--;
        ck_assert_int_eq(line[0] - '0', (int) level);
}

START_TEST(test_all_is_well) {
        begin();
        run();
        check_says(FINDING_OK, "the kernel can load rndis_host");
        check_says(FINDING_OK, "the kernel can load nf_tables");
        check_says(FINDING_OK, "70-snagd.rules is installed");
        check_says(FINDING_OK, "70-snagd.link is installed");
        ck_assert_ptr_null(strstr(said, "2 "));
        end();
}
END_TEST

START_TEST(test_selinux) {
        begin();
        run_shell("mkdir -p sys/fs/selinux; printf 0 >sys/fs/selinux/enforce");
        run();
        ck_assert_ptr_null(strstr(said, "SELinux"));
        run_shell("printf 1 >sys/fs/selinux/enforce");
        run();
        check_says(FINDING_NOTE, "SELinux is enforcing");
        end();
}
END_TEST

START_TEST(test_modules) {
        begin();
        run_shell("echo kernel/net/netfilter/nf_tables_set.ko: >lib/modules/6.1/modules.dep");
        run();
        check_says(FINDING_PROBLEM, "the running kernel (6.1) has no module rndis_host");
        check_says(FINDING_PROBLEM, "the running kernel (6.1) has no module nf_tables");
        run_shell("mkdir sys/module/rndis_host; "
                  "echo kernel/net/netfilter/nf_tables.ko >lib/modules/6.1/modules.builtin");
        run();
        check_says(FINDING_OK, "the kernel has rndis_host");
        check_says(FINDING_OK, "the kernel has nf_tables");
        run_shell("rm -r lib/modules/6.1");
        run();
        check_says(FINDING_OK, "the kernel has rndis_host");
        check_says(FINDING_WARNING, "whether the running kernel has nf_tables");
        end();
}
END_TEST

START_TEST(test_modules_that_are_switched_off) {
        begin();
        run_shell("echo '#blacklist rndis_host' >etc/modprobe.d/a.conf");
        run();
        check_says(FINDING_OK, "the kernel can load rndis_host");
        run_shell("echo '  blacklist rndis-host' >>etc/modprobe.d/a.conf; "
                  "echo 'install nf_tables /bin/false' >etc/modprobe.d/b.conf");
        run();
        check_says(FINDING_PROBLEM,
                   "rndis_host (the driver of the boards' USB network) is switched");
        check_says(FINDING_PROBLEM, "/etc/modprobe.d/a.conf; take that line out");
        check_says(FINDING_PROBLEM, "/etc/modprobe.d/b.conf; take that line out");
        run_shell("mkdir sys/module/rndis_host"); /* somebody has loaded it all the same */
        run();
        check_says(FINDING_OK, "the kernel has rndis_host");
        end();
}
END_TEST

START_TEST(test_udev) {
        begin();
        run_shell("ln -s /dev/null etc/udev/rules.d/70-snagd.rules; "
                  ": >etc/systemd/network/70-snagd.link");
        run();
        check_says(FINDING_PROBLEM, "70-snagd.rules is masked by ");
        check_says(FINDING_WARNING, "70-snagd.link is masked by ");
        run_shell("rm etc/udev/rules.d/* etc/systemd/network/* ./" UDEV_RULES_DIR
                  "/* ./" SYSTEMD_NETWORK_DIR "/*");
        run();
        check_says(FINDING_PROBLEM, "70-snagd.rules is not installed");
        check_says(FINDING_WARNING, "70-snagd.link is not installed");
        end();
}
END_TEST

START_TEST(test_snagboot) {
        begin();
        run_shell(": >run/netns/snagbootnet");
        run();
        check_says(FINDING_WARNING, "Snagboot's network namespace is there");
        end();
}
END_TEST

TEST_MAIN("host-check", test_all_is_well, test_selinux, test_modules,
          test_modules_that_are_switched_off, test_udev, test_snagboot)
