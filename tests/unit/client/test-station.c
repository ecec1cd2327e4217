/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "station.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "check-main.h"
#include "fake-notify.h"
#include "fd-util.h"
#include "test-images.h"

static char folder[64], said[16384];
static int said_fd;
static sd_event *event;
static Progress *progress;
static StationConfig config;
static Station *station;

/* What the next boards were to get. */
static size_t sizes[_FIRMWARE_KIND_MAX];
static unsigned n_taken;
static int on_files_result;

static const char *in_folder(const char *name) {
        static char paths[4][128];
        static unsigned n;
        char *path = paths[n++ % ELEMENTSOF(paths)];

        (void) snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        return path;
}

static void write_file(const char *name, const void *data, size_t size) {
        int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, data, size), (ssize_t) size);
        close(fd);
}

static void write_images(size_t spl_size, size_t u_boot_size) {
        static uint8_t spl[100000], u_boot[100000];

        test_image_begin_spl(spl);
        write_file("spl.bin", spl, spl_size);
        test_image_begin_legacy(u_boot, u_boot_size);
        write_file("u-boot.img", u_boot, u_boot_size);
}

static void write_config(const char *soc, const char *more) {
        char text[512];
        int n;

        n = snprintf(text, sizeof(text), "soc: %s\nspl: %s\nu-boot: %s\n%s", soc,
                     in_folder("spl.bin"), in_folder("u-boot.img"), more);
        write_file("bench.yaml", text, (size_t) n);
}

static int on_files(Firmware *files[static _FIRMWARE_KIND_MAX], void *userdata) {
        ck_assert_ptr_eq(userdata, folder);
        if (on_files_result < 0)
                return on_files_result;
        for (FirmwareKind kind = 0; kind < _FIRMWARE_KIND_MAX; kind++) {
                ck_assert_int_eq(files[kind]->kind, kind);
                sizes[kind] = files[kind]->size;
                files[kind] = firmware_free(files[kind]);
        }
        n_taken++;
        return 0;
}

static void set_up(void) {
        YamlMistakes mistakes = {};

        (void) stpcpy(folder, "/tmp/test-station-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        write_images(5000, 20000);
        write_config("am335x", "");
        said_fd = open(in_folder("said"), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
        ck_assert_int_ge(said_fd, 0);
        ck_assert_int_eq(progress_new(said_fd, said_fd, &progress), 0);
        ck_assert_int_eq(sd_event_new(&event), 0);
        ck_assert_int_eq(station_config_load(in_folder("bench.yaml"), &mistakes, &config), 0);
        fake_notify_begin();
        n_taken = 0;
        on_files_result = 0;
}

static void begin(void) {
        static char path[128];

        (void) stpcpy(path, in_folder("bench.yaml"));
        ck_assert_int_eq(station_new(
                                 &(StationSpec){
                                         .event = event,
                                         .progress = progress,
                                         .station = path,
                                         .config = &config,
                                         .on_files = on_files,
                                         .userdata = folder,
                                 },
                                 &station),
                         0);
        ck_assert_str_eq(fake_notify_receive(), "");
        station_set_ready(station);
        ck_assert_str_eq(fake_notify_receive(), "READY=1\nSTATUS=0 boards now, 0 done, 0 failed");
}

static void tear_down(void) {
        char command[128];

        station = station_free(station);
        station_config_done(&config);
        event = sd_event_unref(event);
        progress = progress_free(progress);
        said_fd = fd_close(said_fd);
        fake_notify_end();
        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

/* SIGHUP, and what systemd is told: that it begins, and @status at its end. */
static void reload(const char *status) {
        char end[256];

        ck_assert_int_eq(ftruncate(said_fd, 0), 0);
        ck_assert_int_eq(raise(SIGHUP), 0);
        ck_assert_int_gt(sd_event_run(event, 0), 0);
        ck_assert_int_eq(strncmp(fake_notify_receive(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
        (void) snprintf(end, sizeof(end), "READY=1\nSTATUS=%s", status);
        ck_assert_str_eq(fake_notify_receive(), end);
        ck_assert_str_eq(fake_notify_receive(), "");
}

static void check_says(const char *part) {
        ssize_t n = pread(said_fd, said, sizeof(said) - 1, 0);

        ck_assert_int_ge(n, 0);
        said[n] = '\0';
        ck_assert_msg(strstr(said, part), "not said: %s\n%s", part, said);
}

#define GOOD   "0 boards now, 0 done, 0 failed"
#define FAILED GOOD "; the last reload failed, so boards get what they got before"

START_TEST(test_new_images) {
        begin();
        write_images(6000, 30000);
        reload(GOOD);
        ck_assert_uint_eq(n_taken, 1);
        ck_assert_uint_eq(sizes[FIRMWARE_SPL], 6000);
        ck_assert_uint_eq(sizes[FIRMWARE_U_BOOT], 30000);
        check_says("the next boards get the images as they are now: SPL 6000 bytes, U-Boot 30000 "
                   "bytes");
        reload(GOOD);
        ck_assert_uint_eq(n_taken, 2);
}
END_TEST

START_TEST(test_mistakes_change_nothing) {
        begin();
        write_config("am335x", "prots: []\nretry: x\n");
        reload(FAILED);
        check_says("bench.yaml:4:1: unknown key 'prots'; did you mean 'ports'?");
        check_says("bench.yaml:5:8: 'x' is none for 'retry'");
        check_says("nothing was taken: boards get what they got before");
        ck_assert_int_eq(unlink(in_folder("bench.yaml")), 0);
        reload(FAILED);
        check_says("cannot open '");
        ck_assert_uint_eq(n_taken, 0);

        /* The status line keeps it, until it is put right. */
        station_set_counts(station, (NotifyCounts){.n_now = 1});
        ck_assert_str_eq(fake_notify_receive(),
                         "STATUS=1 board now, 0 done, 0 failed; the last reload failed, so boards "
                         "get what they got before");
        station_set_counts(station, (NotifyCounts){});
        (void) fake_notify_receive();
        write_config("am335x", "");
        reload(GOOD);
        ck_assert_uint_eq(n_taken, 1);
}
END_TEST

START_TEST(test_bad_images_change_nothing) {
        begin();
        write_file("u-boot.img", "x", 0);
        reload(FAILED);
        check_says("u-boot.img' is empty");
        write_images(5000, 20000);
        on_files_result = -ENOMEM;
        reload(FAILED);
        check_says("cannot take new images: Cannot allocate memory");
        ck_assert_uint_eq(n_taken, 0);
}
END_TEST

START_TEST(test_what_takes_a_restart) {
        begin();
        write_config("am335x", "max: 3\nports: [a*1]\n");
        reload(GOOD);
        check_says("what else was changed ('ports', 'max') counts from the next start on");
        ck_assert_uint_eq(n_taken, 1);
        write_config("am437x", "");
        reload(FAILED);
        check_says("the station is one for am335x, its file says am437x now: that takes a restart");
        ck_assert_uint_eq(n_taken, 1);
}
END_TEST

START_TEST(test_counts) {
        begin();
        station_set_counts(station, (NotifyCounts){.n_now = 3, .n_done = 41, .n_failed = 2});
        ck_assert_str_eq(fake_notify_receive(), "STATUS=3 boards now, 41 done, 2 failed");
        station_set_stopping(station);
        ck_assert_str_eq(
                fake_notify_receive(),
                "STOPPING=1\nSTATUS=3 boards now, 41 done, 2 failed; takes no more boards");
}
END_TEST

/* systemd kills whoever does not say that it is alive. */
START_TEST(test_watchdog) {
        char pid[16];

        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        ck_assert_int_eq(setenv("WATCHDOG_PID", pid, 1), 0);
        ck_assert_int_eq(setenv("WATCHDOG_USEC", "200000", 1), 0);
        ck_assert_int_eq(station_new(
                                 &(StationSpec){
                                         .event = event,
                                         .progress = progress,
                                         .station = "bench",
                                         .config = &config,
                                         .on_files = on_files,
                                 },
                                 &station),
                         0);
        ck_assert_str_eq(fake_notify_receive(), "WATCHDOG=1");
        for (const char *message = ""; !streq(message, "WATCHDOG=1");
             message = fake_notify_receive())
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        ck_assert_int_eq(unsetenv("WATCHDOG_PID"), 0);
        ck_assert_int_eq(unsetenv("WATCHDOG_USEC"), 0);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                test_new_images,
                test_mistakes_change_nothing,
                test_bad_images_change_nothing,
                test_what_takes_a_restart,
                test_counts,
                test_watchdog,
        };
        Suite *suite = suite_create("station");
        TCase *tcase = tcase_create("station");
        SRunner *runner;
        int n_failed;

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        for (size_t i = 0; i < ELEMENTSOF(tests); i++)
                tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
