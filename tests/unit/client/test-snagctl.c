/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The program as a whole: what it is given, what it says where, and with which status it ends. What is
 * decided before the bus is touched is tried without one; the rest on a private bus with a fake
 * snagd. */

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "bus-contract.h"
#include "check-main.h"
#include "fake-snagd.h"
#include "fd-util.h"
#include "test-images.h"

/* What a capture begins with. */
#define CAPTURE_MAGIC "\n\r\r\n"

static char folder[64], address[128];
static pid_t bus_pid = -1, fake_pid = -1;
static int fake_fd = -EBADF; /* what the fake snagd writes */
static int last_status;
static char out[65536], err[65536];

static const char *in_folder(const char *name) {
        static char paths[8][128];
        static unsigned next;
        char *path = paths[next++ % ELEMENTSOF(paths)];

        (void) snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        return path;
}

static void write_file(const char *name, const void *head, size_t head_size, size_t size) {
        int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, head, head_size), (ssize_t) head_size);
        ck_assert_int_eq(ftruncate(fd, (off_t) size), 0);
        fd_close(fd);
}

static void write_text(const char *name, const char *text) {
        write_file(name, text, strlen(text), strlen(text));
}

static void stop(pid_t *pid) {
        if (*pid <= 0)
                return;
        (void) kill(*pid, SIGKILL);
        (void) waitpid(*pid, NULL, 0);
        *pid = -1;
}

static void write_images(void) {
        uint8_t head[TEST_IMAGE_MLO_HEAD + TEST_IMAGE_SPL_HEAD] = {};
        static uint8_t u_boot[20000];

        test_image_begin_spl(head);
        write_file("u-boot-spl.bin", head, TEST_IMAGE_SPL_HEAD, 5000);
        test_image_begin_mlo(head, 5520);
        test_image_begin_spl(head + TEST_IMAGE_MLO_HEAD);
        write_file("MLO", head, sizeof(head), 5520);
        test_image_begin_legacy(u_boot, sizeof(u_boot));
        write_file("u-boot.img", u_boot, sizeof(u_boot), sizeof(u_boot));
}

static void set_up(void) {
        (void) stpcpy(folder, "/tmp/test-snagctl-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        write_images();
        write_file("empty", "", 0, 0);
        ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
}

static void tear_down(void) {
        char command[128];

        stop(&fake_pid);
        stop(&bus_pid);
        fake_fd = fd_close(fake_fd);
        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

/* A child that does not outlive the test. */
static pid_t fork_child(void) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        return pid;
}

static void start_bus(void) {
        char config[1024], option[160];
        int fds[2], n;
        char byte;

        n = snprintf(config, sizeof(config),
                     "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration "
                     "1.0//EN' 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>"
                     "<busconfig><listen>%s</listen><policy context='default'>"
                     "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/>"
                     "</policy></busconfig>",
                     address);
        ck_assert_int_lt(n, (int) sizeof(config));
        write_file("bus.conf", config, (size_t) n, (size_t) n);
        (void) snprintf(option, sizeof(option), "--config-file=%s", in_folder("bus.conf"));
        ck_assert_int_eq(pipe(fds), 0);
        bus_pid = fork_child();
        if (bus_pid == 0) {
                int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

                (void) dup2(fds[1], STDOUT_FILENO);
                (void) dup2(null_fd, STDERR_FILENO); /* that it cannot raise its fd limit */
                (void) execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", option,
                              "--print-address=1", NULL);
                _exit(127);
        }
        fd_close(fds[1]);
        ck_assert_msg(read(fds[0], &byte, 1) == 1, "dbus-daemon does not start");
        fd_close(fds[0]);
}

static void start_snagd(const FakeStory *story) {
        int fds[2];
        char byte;

        start_bus();
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        fake_pid = fork_child();
        if (fake_pid == 0)
                fake_snagd_run(story, address, fds[1]);
        fd_close(fds[1]);
        fd_close(fake_fd);
        fake_fd = fds[0];
        ck_assert_int_eq(read(fake_fd, &byte, 1), 1);
}

static void read_back(int fd, char *buffer, size_t size) {
        ssize_t n = pread(fd, buffer, size - 1, 0);

        ck_assert_int_ge(n, 0);
        buffer[n] = '\0';
        fd_close(fd);
}

static pid_t spawn(const char *const *args, int out_fd, int err_fd, bool ignores_sigint) {
        const char *argv[16] = {"snagctl"};
        pid_t pid;

        for (size_t i = 0; args[i]; i++)
                argv[i + 1] = args[i];
        pid = fork_child();
        if (pid > 0)
                return pid;

        (void) dup2(out_fd, STDOUT_FILENO);
        (void) dup2(err_fd, STDERR_FILENO);
        (void) setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
        if (ignores_sigint)
                (void) signal(SIGINT, SIG_IGN);
        (void) execv(getenv("SNAGCTL"), (char *const *) argv);
        _exit(127);
}

/* Runs it to its end: `last_status`, `out`, `err`. */
static void run(const char *const *args) {
        int out_fd = memfd_create("out", MFD_CLOEXEC), err_fd = memfd_create("err", MFD_CLOEXEC);
        int wait_status;
        pid_t pid = spawn(args, out_fd, err_fd, false);

        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        read_back(out_fd, out, sizeof(out));
        read_back(err_fd, err, sizeof(err));
        ck_assert_msg(WIFEXITED(wait_status), "died of signal %d: %s", WTERMSIG(wait_status), err);
        last_status = WEXITSTATUS(wait_status);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void check(int status, const char *in_out, const char *in_err) {
        ck_assert_msg(last_status == status, "status %d: %s", last_status, err);
        if (in_out)
                ck_assert_msg(strstr(out, in_out), "stdout: %s", out);
        else
                ck_assert_str_eq(out, "");
        if (in_err)
                ck_assert_msg(strstr(err, in_err) && strstr(err, "snagctl: ") == err, "stderr: %s",
                              err);
        else
                ck_assert_str_eq(err, "");
}

#define GOOD_SPL     "--spl", in_folder("u-boot-spl.bin")
#define GOOD_U_BOOT  "--u-boot", in_folder("u-boot.img")
#define GOOD_RECOVER "recover", "am335x", GOOD_SPL, GOOD_U_BOOT

/* --- without a bus: had it been touched, the status were 1 ------------------------------------ */

START_TEST(test_help_and_version) {
        static const char *const verbs[] = {"recover", "list", "status", "close", "report"};

        RUN("--help");
        check(0, "Usage: snagctl", NULL);
        RUN("--version");
        check(0, "snagctl ", NULL);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                RUN(verbs[i], "--help");
                check(0, verbs[i], NULL);
        }
        RUN("recover", "am335x", "--help");
        check(0, "Usage: snagctl recover", NULL);
}
END_TEST

START_TEST(test_usage) {
        RUN();
        check(2, NULL, "no command given");
        ck_assert_ptr_nonnull(strstr(err, "snagctl: see 'snagctl --help'\n"));
        RUN("");
        check(2, NULL, "unknown command ''");
        RUN("frobnicate");
        check(2, NULL, "unknown command 'frobnicate'\nsnagctl: see 'snagctl --help'");
        RUN("--frob");
        check(2, NULL, "unknown option '--frob'");
        RUN("list", "x");
        check(2, NULL, "see 'snagctl list --help'");
        RUN("status", "--all");
        check(2, NULL, "unknown option '--all'");
        RUN("close");
        check(2, NULL, "missing");
        RUN("close", "1-1", "1-2");
        check(2, NULL, "too many");
        RUN("close", "../1-1");
        check(2, NULL, "neither");
        RUN("recover");
        check(2, NULL, "which SoC? known: am335x");
        RUN("recover", "am625", GOOD_SPL, GOOD_U_BOOT);
        check(2, NULL, "unknown SoC 'am625'; known: am335x, am437x");
        RUN("recover", "am335x", "am335x", GOOD_SPL, GOOD_U_BOOT);
        check(2, NULL, "too many");
        RUN("recover", "am335x", GOOD_U_BOOT);
        check(2, NULL, "--spl FILE is missing");
        RUN("recover", "am335x", GOOD_SPL);
        check(2, NULL, "--u-boot FILE is missing");
        RUN("recover", "am335x", "--", "--spl");
        check(2, NULL, "too many");
        RUN(GOOD_RECOVER, "--stage", "u-boot");
        check(2, NULL, "unknown stage 'u-boot'");
        RUN(GOOD_RECOVER, "--stage");
        check(2, NULL, "needs a value");
}
END_TEST

START_TEST(test_typing_errors) {
        RUN("recovr");
        check(2, NULL, "unknown command 'recovr'; did you mean 'recover'?");
        RUN("rec");
        check(2, NULL, "did you mean 'recover'?");
        RUN("LIST");
        check(2, NULL, "did you mean 'list'?");
        RUN("sttaus");
        check(2, NULL, "did you mean 'status'?");
        RUN("-h");
        check(2, NULL, "did you mean '--help'?");
        RUN("--verison");
        check(2, NULL, "did you mean '--version'?");
        RUN("--timeout", "5", "recover", "am335x");
        check(2, NULL, "the options of a command stand behind it");
        RUN("recover", "am335x", "--uboot", "x");
        check(2, NULL, "unknown option '--uboot'; did you mean '--u-boot'?");
        RUN("recover", "am335x", "--uboot=x");
        check(2, NULL, "unknown option '--uboot'; did you mean '--u-boot'?");
        RUN("recover", "am335x", "-port", "1-1");
        check(2, NULL, "did you mean '--port'?");
        RUN("recover", "am353x");
        check(2, NULL, "unknown SoC 'am353x'; did you mean 'am335x'?");
        RUN("recover", "bcm2711");
        check(2, NULL, "unknown SoC 'bcm2711'; known: am335x");
}
END_TEST

/* What another program has taught people. */
START_TEST(test_snagboots_options) {
        static const char *const options[] = {
                "--am335x-setup", "--baudrate=9600", "--list-socs", "--logfile",  "--loglevel",
                "--netns",        "--rom-usb",       "--soc",       "--template", "--uart",
                "--udev",         "--usb-path",      "-s"};

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                RUN("recover", options[i], "am3358", "-f", "board.yaml");
                check(2, NULL, "(it is Snagboot's): ");
                RUN(options[i]);
                check(2, NULL, "(it is Snagboot's): ");
        }
        RUN("recover", "-s", "am3358", "-f", "board.yaml");
        check(2, NULL, "unknown option '-s' (it is Snagboot's): the SoC stands without it");
        RUN("recover", "am3358", "--netns", "x");
        check(2, NULL, "each recovery has a network namespace of its own");
        RUN("recover", "am335x", "-spl", "x");
        check(2, NULL, "did you mean '--spl'?");
        RUN("recover", "am335x", "-p", "1-1");
        check(2, NULL, "did you mean '--port'?");
}
END_TEST

START_TEST(test_malformed_port) {
        static const char *const ports[] = {
                "",      "1",      "1-",      "0-1",    "1-0", "1-1.", "1--1",
                "1-1/2", "../1-1", "1-1.4\n", "1000-1", "a b", "-1-1", "1-1.2.3.4.5.6.7.8"};
        char long_port[4001];

        for (size_t i = 0; i < ELEMENTSOF(ports); i++) {
                RUN(GOOD_RECOVER, "--port", ports[i]);
                check(2, NULL, "is no USB port");
        }
        memset(long_port, '1', sizeof(long_port) - 1);
        long_port[sizeof(long_port) - 1] = '\0';
        RUN(GOOD_RECOVER, "--port", long_port);
        check(2, NULL, "is no USB port");
        RUN(GOOD_RECOVER, "--port=1-1.4");
        check(1, NULL, "cannot connect to the system bus");
        RUN(GOOD_RECOVER, "--port=pci-0000:00:14.0-usb-0:1.4");
        check(1, NULL, "cannot connect to the system bus");
}
END_TEST

START_TEST(test_malformed_timeout) {
        static const char *const timeouts[] = {
                "", "0", "0.0", "-1", "1s", "1e3", "inf", "1.", "99999999999999999999"};

        for (size_t i = 0; i < ELEMENTSOF(timeouts); i++) {
                RUN(GOOD_RECOVER, "--timeout", timeouts[i]);
                check(2, NULL, "is no time");
        }
}
END_TEST

START_TEST(test_files_that_cannot_be_used) {
        RUN("recover", "am335x", "--spl", in_folder("none"), GOOD_U_BOOT);
        check(2, NULL, "No such file");
        RUN("recover", "am335x", "--spl", in_folder("fifo"), GOOD_U_BOOT);
        check(2, NULL, "not a regular file");
        RUN("recover", "am335x", GOOD_SPL, "--u-boot", in_folder("fifo"));
        check(2, NULL, "not a regular file");
        RUN("recover", "am335x", "--spl", folder, GOOD_U_BOOT);
        check(2, NULL, "is a directory");
        RUN("recover", "am335x", "--spl", in_folder("empty"), GOOD_U_BOOT);
        check(2, NULL, "is empty");
        RUN("recover", "am335x", "--spl", "-", GOOD_U_BOOT);
        check(2, NULL, "standard input");
        write_file("u-boot.img.gz", "\x1f\x8b\x08", 3, 1000);
        RUN("recover", "am335x", GOOD_SPL, "--u-boot", in_folder("u-boot.img.gz"));
        check(2, NULL, "gunzip");
        RUN("recover", "am335x", "--spl", in_folder("u-boot.img"), "--u-boot",
            in_folder("u-boot-spl.bin"));
        check(2, NULL, "swapped?");
        RUN("recover", "am335x", "--stage=spl", "--spl", in_folder("empty"), GOOD_U_BOOT);
        check(2, NULL, "is empty");
        RUN("recover", "am335x", "--stage=spl", GOOD_U_BOOT);
        check(1, NULL, "cannot connect to the system bus");
        RUN(GOOD_RECOVER);
        check(1, NULL, "cannot connect to the system bus");
}
END_TEST

static void check_untouched(const char *name, off_t size) {
        struct stat st;

        ck_assert_int_eq(stat(in_folder(name), &st), 0);
        ck_assert_int_eq(st.st_size, size);
}

START_TEST(test_files_that_cannot_be_captured_to) {
        write_text("board.yaml", "spl:\n  path: u-boot-spl.bin\nu-boot:\n  path: u-boot.img\n");
        RUN(GOOD_RECOVER, "--capture", folder);
        check(2, NULL, "is a directory");
        RUN(GOOD_RECOVER, "--capture", "-");
        check(2, NULL, "'-': a capture is not written to standard output");
        RUN(GOOD_RECOVER, "--capture", in_folder("fifo"));
        check(2, NULL, "fifo' is not a regular file");
        RUN(GOOD_RECOVER, "--capture=/dev/full");
        check(2, NULL, "not a regular file");
        RUN(GOOD_RECOVER, "--capture", in_folder("none/x"));
        check(2, NULL, "No such file");
        RUN(GOOD_RECOVER, "--capture");
        check(2, NULL, "needs a value");

        RUN(GOOD_RECOVER, "--capture", in_folder("u-boot.img"));
        check(2, NULL, "would be overwritten by the capture");
        check_untouched("u-boot.img", 20000);
        RUN("recover", "am335x", "-f", in_folder("board.yaml"), "--capture",
            in_folder("u-boot-spl.bin"));
        check(2, NULL, "would be overwritten by the capture");
        check_untouched("u-boot-spl.bin", 5000);
        RUN("recover", "am335x", "-f", in_folder("board.yaml"), "--capture",
            in_folder("board.yaml"));
        check(2, NULL, "would be overwritten by the capture");
        check_untouched("board.yaml", 55);

        /* The images are looked at first: with a mistake there, nothing is made or replaced. */
        write_text("old", "old");
        RUN("recover", "am335x", "--spl", in_folder("empty"), GOOD_U_BOOT, "--capture",
            in_folder("old"));
        check(2, NULL, "empty' is empty");
        check_untouched("old", 3);
        RUN(GOOD_RECOVER, "--capture", in_folder("old"));
        check(2, NULL, "is there, and is no capture");
        check_untouched("old", 3);

        write_text("old", CAPTURE_MAGIC "a capture");
        RUN(GOOD_RECOVER, "--capture", in_folder("old"));
        check(1, NULL, "cannot connect to the system bus");
        check_untouched("old", STRLEN(CAPTURE_MAGIC) + 9);
}
END_TEST

START_TEST(test_files_that_cannot_be_a_record) {
        RUN(GOOD_RECOVER, "--record", folder);
        check(2, NULL, "cannot open the record '");
        RUN(GOOD_RECOVER, "--record", "-");
        check(2, NULL, "'-': a record is not written to standard output");
        RUN(GOOD_RECOVER, "--record", in_folder("none/x"));
        check(2, NULL, "No such file");
        RUN(GOOD_RECOVER, "--record");
        check(2, NULL, "needs a value");
        RUN(GOOD_RECOVER, "--record", in_folder("u-boot.img"));
        check(2, NULL, "u-boot.img' is there, and is no record");
        check_untouched("u-boot.img", 20000);

        /* Nothing is made as long as there is a mistake; what is made is neither replaced nor both. */
        RUN("recover", "am335x", "--spl", in_folder("empty"), GOOD_U_BOOT, "--record",
            in_folder("new.jsonl"));
        check(2, NULL, "empty' is empty");
        ck_assert_int_lt(access(in_folder("new.jsonl"), F_OK), 0);
        RUN(GOOD_RECOVER, "--record", in_folder("new.jsonl"), "--capture", in_folder("new.jsonl"));
        check(2, NULL, "would be overwritten by the capture");
        RUN(GOOD_RECOVER, "--record", in_folder("new.jsonl"));
        check(1, NULL, "cannot connect to the system bus");
        check_untouched("new.jsonl", 0);
}
END_TEST

/* --- with a bus ------------------------------------------------------------------------------ */

START_TEST(test_firmware_configurations) {
        char text[512];

        write_text("board.yaml", "spl:\n  path: u-boot-spl.bin\nu-boot:\n  path: u-boot.img\n");
        write_text("spl.yaml", "spl:\n  path: u-boot-spl.bin\n");
        write_text("wrong.yaml", "spl:\n  path: u-boot-spl.bin\nuboot:\n  path: u-boot.img\n");
        (void) snprintf(text, sizeof(text), "{'u-boot': {'path': '%s'}}", in_folder("u-boot.img"));

        RUN("recover", "am335x", "-f", in_folder("board.yaml"));
        check(1, NULL, "cannot connect to the system bus");
        RUN("recover", "am335x", "-F", in_folder("board.yaml"));
        check(1, NULL, "cannot connect to the system bus");
        RUN("recover", "am335x", "--firmware-file", in_folder("spl.yaml"), "--firmware", text);
        check(1, NULL, "cannot connect to the system bus");
        RUN("recover", "am335x", "-f", in_folder("spl.yaml"), GOOD_U_BOOT);
        check(1, NULL, "cannot connect to the system bus");
        RUN("recover", "am335x", "--stage=spl", "-F", text);
        check(1, NULL, "cannot connect to the system bus");

        /* What the options say counts, wherever they stand; else what comes later. */
        RUN("recover", "am335x", "--spl", in_folder("empty"), "-f", in_folder("board.yaml"));
        check(2, NULL, "empty' is empty");
        RUN("recover", "am335x", "-f", in_folder("board.yaml"), "-F", "{'spl': {'path': 'none'}}");
        check(2, NULL, "cannot open 'none'");

        RUN("recover", "am335x", "-f", in_folder("wrong.yaml"));
        check(2, NULL, "wrong.yaml:3:1: unknown key 'uboot'; did you mean 'u-boot'?");
        RUN("recover", "am335x", "-f", in_folder("spl.yaml"));
        check(2, NULL, "spl.yaml:1:1: no 'u-boot' here; expected 'u-boot:' with 'path: FILE'");
        RUN("recover", "am335x", "-f", in_folder("none.yaml"));
        check(2, NULL, "cannot open '");
        RUN("recover", "am335x", "-f");
        check(2, NULL, "option '--firmware-file' needs a value");
        RUN("recover", "am335x");
        check(2, NULL, "--spl FILE is missing (or -f BOARD.yaml");
}
END_TEST

START_TEST(test_not_installed) {
        start_bus();
        RUN("list");
        check(1, NULL, "snagd is not installed");
        RUN(GOOD_RECOVER);
        check(1, NULL, "snagd is not installed");
}
END_TEST

START_TEST(test_list_and_status) {
        start_snagd(&(FakeStory){.has_board = true});
        RUN("list");
        check(0,
              "PORT   PATH  SOC     STAGE  SESSION  PROBLEM\n"
              "1-1.4  -     am335x  rom    s1       -\n",
              NULL);
        RUN("status");
        check(0,
              "SESSION  STATE    PORT   SOC     STAGE  USER  FAILURE\n"
              "s1       waiting  1-1.4  am335x  -      root  -\n",
              NULL);
}
END_TEST

/* What it says of this computer is another test's. */
START_TEST(test_check) {
        start_snagd(&(FakeStory){.has_board = true});
        RUN("check", "am335x", GOOD_SPL, GOOD_U_BOOT);
        ck_assert_int_ge(last_status, 0);
        ck_assert_int_le(last_status, 1);
        ck_assert_ptr_nonnull(strstr(out, "u-boot.img' is good as U-Boot: 20000 bytes are sent"));
        ck_assert_ptr_nonnull(strstr(out, "ok: snagd answers"));
        ck_assert_ptr_nonnull(strstr(out, "ok: you may recover boards without a password"));
        ck_assert_ptr_nonnull(strstr(out, "the board on port 1-1.4 is in a session already"));
        RUN("check", "am335x", "--capture", in_folder("new.pcapng"));
        ck_assert_ptr_nonnull(strstr(out, "new.pcapng' can be captured to"));
        ck_assert_int_lt(access(in_folder("new.pcapng"), F_OK), 0);
        RUN("check", "am335x", "--record", in_folder("new.jsonl"));
        ck_assert_ptr_nonnull(strstr(out, "ok: '"));
        ck_assert_ptr_nonnull(strstr(out, "new.jsonl' can be a record"));
        ck_assert_int_lt(access(in_folder("new.jsonl"), F_OK), 0);
        RUN("recover", "--dry-run", "am335x", GOOD_SPL, GOOD_U_BOOT, "--record",
            in_folder("u-boot.img"));
        check(2, "u-boot.img' is there, and is no record", NULL);
        RUN("recover", "--dry-run", "am335x", GOOD_SPL, GOOD_U_BOOT, "--capture",
            in_folder("u-boot.img"));
        check(2, "problem: '", NULL);
        ck_assert_ptr_nonnull(strstr(out, "u-boot.img', and would be overwritten by the capture"));
        RUN("check", "am335x", "--then", "no-such-program x");
        check(2, "problem: there is no program 'no-such-program' to be run after a recovery", NULL);
        RUN("check", "am335x", "--then", "sh -c true");
        ck_assert_ptr_nonnull(strstr(out, "ok: 'sh' can be run after a recovery"));
        RUN(GOOD_RECOVER, "--then", "no-such-program x");
        check(2, NULL, "there is no program 'no-such-program' to be run after a recovery");
        RUN("check", "am335x", "--port=2-1");
        ck_assert_ptr_nonnull(strstr(out, "note: no am335x is plugged in now on port 2-1"));
        RUN("recover", "--dry-run", "am335x", "--spl", in_folder("empty"), GOOD_U_BOOT);
        check(2, "empty' is empty", NULL);
        ck_assert_ptr_nonnull(strstr(out, "ok: snagd answers"));
        RUN("recover", "--dry-run", "am335x", GOOD_U_BOOT);
        check(2, NULL, "--spl FILE is missing");
        RUN("check");
        check(2, NULL, "which SoC?");
        ck_assert_ptr_nonnull(strstr(err, "see 'snagctl check --help'"));
        RUN("check", "--help");
        check(0, "Usage: snagctl check", NULL);
}
END_TEST

static void write_station(const char *name, const char *ports) {
        char text[1024];

        (void) snprintf(text, sizeof(text),
                        "soc: am335x\nspl: %s/u-boot-spl.bin\nu-boot: {path: %s/u-boot.img}\n"
                        "record: %s/%s.jsonl\n%s",
                        folder, folder, folder, name, ports);
        write_text(name, text);
}

START_TEST(test_check_of_a_station) {
        write_text("wrong.yaml", "soc: am35x\nspll: /s\nu-boot: u-boot.img\n");
        RUN("check", "--station", in_folder("wrong.yaml"));
        check(2, NULL, "wrong.yaml:1:6: unknown SoC 'am35x'; did you mean 'am335x'?\nsnagctl: ");
        ck_assert_ptr_nonnull(
                strstr(err, "wrong.yaml:2:1: unknown key 'spll'; did you mean 'spl'?"));
        ck_assert_ptr_nonnull(strstr(err, "wrong.yaml:3:9: 'u-boot.img' begins nowhere"));
        ck_assert_ptr_nonnull(
                strstr(err, "wrong.yaml:1:1: there is no 'spl'; expected 'spl: FILE'"));

        write_station("bench.yaml", "");
        RUN("check", "am335x", "--station", in_folder("bench.yaml"));
        check(2, NULL, "a SoC and --station: what a station does is in its file alone");
        RUN("check", "--station", in_folder("bench.yaml"), GOOD_SPL);
        check(2, NULL, "--spl and --station");
        RUN("check", "--station", in_folder("bench.yaml"), "-f", in_folder("board.yaml"));
        check(2, NULL, "a firmware configuration and --station");
        RUN("recover", "--station", in_folder("bench.yaml"), "--all");
        check(2, NULL, "--all and --station");
        RUN("recover", "--station", in_folder("wrong.yaml"));
        check(2, NULL, "wrong.yaml:1:6: unknown SoC 'am35x'; did you mean 'am335x'?\nsnagctl: ");
        RUN("recover", "--station", in_folder("bench.yaml"));
        check(1, NULL, "cannot connect to the system bus");
        RUN("check", "--station", "..");
        check(2, NULL, "'..' is no name of a station");
        RUN("check", "--station=no-such-station");
        check(2, NULL, "no-such-station.yaml' is not there");
        RUN("check", "--station", in_folder("bench.yaml"));
        ck_assert_int_eq(last_status, 1);
        ck_assert_ptr_nonnull(strstr(out, "problem: cannot connect to the system bus"));

        start_snagd(&(FakeStory){.has_board = true});
        RUN("check", "--station", in_folder("bench.yaml"));
        ck_assert_int_ge(last_status, 0);
        ck_assert_int_le(last_status, 1);
        ck_assert_ptr_nonnull(strstr(out, "u-boot.img' is good as U-Boot: 20000 bytes are sent"));
        ck_assert_ptr_nonnull(strstr(out, "'snagctl-station'"));
        ck_assert_ptr_nonnull(strstr(out, "the station's unit does not see /tmp"));
        ck_assert_ptr_nonnull(strstr(out, "ok: snagd answers"));
        ck_assert_ptr_null(strstr(out, "you may recover boards"));
        ck_assert_ptr_nonnull(strstr(out, "the board on port 1-1.4 is in a session already"));

        write_station("other.yaml", "ports: ['pci-*']\n");
        RUN("check", "--station", in_folder("other.yaml"));
        ck_assert_ptr_nonnull(strstr(
                out,
                "note: no am335x is plugged in now on one of the ports that are meant; it may"));
        unlink(in_folder("u-boot.img"));
        RUN("check", "--station", in_folder("other.yaml"));
        check(2, "problem: cannot open '", NULL);
}
END_TEST

START_TEST(test_list_without_boards) {
        start_snagd(&(FakeStory){});
        RUN("list");
        check(0, "No boards.\n", NULL);
}
END_TEST

START_TEST(test_close) {
        start_snagd(&(FakeStory){.has_board = true});
        RUN("close", "1-1.4");
        check(0, "Session s1 closed.\n", NULL);
        RUN("close", "s1");
        check(0, "Session s1 closed.\n", NULL);
        RUN("close", "/org/snagd1/session/s1");
        check(0, "Session s1 closed.\n", NULL);
        RUN("close", "1-1.5");
        check(1, NULL, "no session");
        stop(&fake_pid);
        stop(&bus_pid);

        start_snagd(&(FakeStory){.close_error = BUS_ERROR_NOT_AUTHORIZED});
        RUN("close", "s1");
        check(3, NULL, "It is not yours.\nsnagctl: a session may be closed by");
}
END_TEST

START_TEST(test_denied) {
        static const char *const names[] = {
                BUS_ERROR_NOT_AUTHORIZED,
                BUS_ERROR_NOT_OWNER,
                "org.freedesktop.DBus.Error.AccessDenied",
                "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                start_snagd(&(FakeStory){.open_error = names[i], .open_error_text = "No."});
                RUN(GOOD_RECOVER);
                check(3, NULL, "snagctl: No.");
                ck_assert_ptr_nonnull(strstr(err, "group 'snagd'"));
                stop(&fake_pid);
                stop(&bus_pid);
        }
}
END_TEST

START_TEST(test_refused_for_other_reasons) {
        static const char *const names[] = {BUS_ERROR_LIMIT_EXCEEDED, BUS_ERROR_PORT_BUSY,
                                            BUS_ERROR_KERNEL_UNSUPPORTED};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                start_snagd(&(FakeStory){.open_error = names[i],
                                         .open_error_text = "Close one \033[1mfirst\n."});
                RUN(GOOD_RECOVER);
                check(1, NULL, "snagctl: Close one ?[1mfirst?.\n");
                stop(&fake_pid);
                stop(&bus_pid);
        }

        start_snagd(&(FakeStory){.start_error = BUS_ERROR_WRONG_STATE});
        RUN(GOOD_RECOVER);
        check(1, NULL, "Not now.");
}
END_TEST

START_TEST(test_asks_again_once_if_shutting_down) {
        start_snagd(&(FakeStory){.n_shutting_down = 1});
        RUN(GOOD_RECOVER, "--timeout", "0.1");
        check(4, NULL, "no board came in time");
        stop(&fake_pid);
        stop(&bus_pid);

        start_snagd(&(FakeStory){.n_shutting_down = 2});
        RUN(GOOD_RECOVER, "--timeout", "0.1");
        check(1, NULL, "Call again.");
}
END_TEST

START_TEST(test_no_board_in_time) {
        uint64_t start = now_usec();

        start_snagd(&(FakeStory){});
        RUN(GOOD_RECOVER, "--timeout=0.5", "--port=1-2");
        check(4, NULL, "1-2: no board came in time");
        ck_assert_uint_ge(now_usec() - start, USEC_PER_SEC / 2);
        ck_assert_uint_lt(now_usec() - start, 20 * USEC_PER_SEC);
}
END_TEST

START_TEST(test_session_fails) {
        start_snagd(&(FakeStory){.fails = true});
        RUN(GOOD_RECOVER);
        check(1, NULL, "usb0 is in use.");
}
END_TEST

START_TEST(test_snagd_leaves) {
        start_snagd(&(FakeStory){.leaves = true});
        RUN(GOOD_RECOVER);
        check(1, NULL, "snagd has left the bus");
}
END_TEST

START_TEST(test_session_is_closed_by_others) {
        start_snagd(&(FakeStory){.removes_session = true});
        RUN(GOOD_RECOVER);
        check(1, NULL, "somebody has closed the session");
}
END_TEST

/* Reads on in `err` what a program says, until @text is among it, or until it ends if that is NULL. Returns
 * whether it has come to that in time. */
static bool read_until(int fd, const char *text, uint64_t timeout_usec) {
        uint64_t deadline = now_usec() + timeout_usec, now;
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        size_t len = strlen(err);
        ssize_t n;

        while (!text || !strstr(err, text)) {
                now = now_usec();
                if (now >= deadline ||
                    poll(&pollfd, 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1) == 0)
                        return false;
                n = read(fd, err + len, sizeof(err) - 1 - len);
                if (n <= 0)
                        return !text;
                len += (size_t) n;
                err[len] = '\0';
        }
        return true;
}

START_TEST(test_board_is_pulled) {
        int fds[2], null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        pid_t pid;

        start_snagd(&(FakeStory){.pulls_board = true});
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = spawn((const char *const[]){GOOD_RECOVER, "--timeout=1", NULL}, null_fd, fds[1],
                    false);
        fd_close(fds[1]);
        err[0] = '\0';
        ck_assert_msg(read_until(fds[0], "1-1.4: the ROM left USB without asking for anything",
                                 20 * USEC_PER_SEC),
                      "%s", err);
        /* The timeout of a second is over with the first board: it does not end by it. */
        ck_assert_msg(!read_until(fds[0], NULL, 3 * USEC_PER_SEC / 2), "%s", err);
        stop(&pid);
        fd_close(fds[0]);
        fd_close(null_fd);
}
END_TEST

START_TEST(test_recovers_with_mlo) {
        ck_assert_int_eq(rename(in_folder("MLO"), in_folder("u-boot-spl.bin")), 0);
        start_snagd(&(FakeStory){.plugs_board = true});
        RUN(GOOD_RECOVER);
        check(0, "recovered in", "is an MLO: its header of 520 bytes");
        ck_assert_ptr_nonnull(strstr(err, "1-1.4: ROM served: u-boot-spl.bin, 5000 bytes"));
        stop(&fake_pid);
        stop(&bus_pid);

        write_file("u-boot-spl.bin", "\x0e\x00\x00\xea", 4, 5000);
        start_snagd(&(FakeStory){.plugs_board = true});
        RUN(GOOD_RECOVER);
        check(0, "recovered in", "warning: '");
        ck_assert_ptr_nonnull(strstr(err, "CONFIG_SPL_USB_ETHER"));
}
END_TEST

START_TEST(test_recovers) {
        start_snagd(&(FakeStory){.plugs_board = true});
        RUN(GOOD_RECOVER);
        check(0, "am335x on port 1-1.4 recovered in", "1-1.4: ROM served: u-boot-spl.bin, 5000");
        ck_assert_ptr_nonnull(strstr(err, "1-1.4: SPL back"));
        ck_assert_ptr_nonnull(strstr(err, "1-1.4: U-Boot served: u-boot.img, 20000"));
        stop(&fake_pid);
        stop(&bus_pid);

        start_snagd(&(FakeStory){.starts_at_spl = true});
        RUN("recover", "--stage=spl", "--u-boot", in_folder("u-boot.img"), "am335x");
        check(0, "u-boot.img 20000 bytes", "1-1.4: U-Boot served");
}
END_TEST

/* What is in the file, tests/stack/capture.sh shows. */
START_TEST(test_captures) {
        struct stat st;

        write_text("old.pcapng", CAPTURE_MAGIC "old");
        start_snagd(&(FakeStory){.plugs_board = true});
        RUN(GOOD_RECOVER, "--capture", in_folder("old.pcapng"));
        check(0, "recovered in", "packets captured in '");
        ck_assert_int_eq(stat(in_folder("old.pcapng"), &st), 0);
        ck_assert_int_gt(st.st_size, 25000);
        stop(&fake_pid);
        stop(&bus_pid);

        /* Nothing came, so there is nothing to show: the old one stays, and a new one is a capture. */
        start_snagd(&(FakeStory){});
        RUN(GOOD_RECOVER, "--timeout=0.1", "--capture", in_folder("old.pcapng"));
        check(4, NULL, "no board came in time");
        ck_assert_ptr_nonnull(strstr(err, "old.pcapng' is still the older one"));
        check_untouched("old.pcapng", st.st_size);
        RUN(GOOD_RECOVER, "--timeout=0.1", "--capture", in_folder("new.pcapng"));
        check(4, NULL, "no board came in time");
        ck_assert_int_eq(stat(in_folder("new.pcapng"), &st), 0);
        ck_assert_int_gt(st.st_size, 100);
        ck_assert_int_lt(st.st_size, 2000);
}
END_TEST

START_TEST(test_believes_nobody_but_snagd) {
        start_snagd(&(FakeStory){.plugs_board = true, .is_forged = true});
        RUN(GOOD_RECOVER);
        check(0, "am335x on port 1-1.4 recovered in", "1-1.4: U-Boot served: u-boot.img, 20000");
}
END_TEST

/* Waits for the first message, which comes when it waits for a board, or for the call in which it hangs,
 * then sends the signal. */
static void check_signal(int signal_number, bool ignores_sigint, bool hangs) {
        int fds[2], wait_status, null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        pid = spawn((const char *const[]){GOOD_RECOVER, NULL}, null_fd, fds[1], ignores_sigint);
        fd_close(fds[1]);
        ck_assert_int_eq(read(hangs ? fake_fd : fds[0], &byte, 1), 1);
        ck_assert_int_eq(kill(pid, signal_number), 0);
        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        ck_assert(WIFEXITED(wait_status));
        ck_assert_int_eq(WEXITSTATUS(wait_status), 128 + signal_number);
        fd_close(fds[0]);
        fd_close(null_fd);
}

START_TEST(test_signals) {
        start_snagd(&(FakeStory){});
        check_signal(SIGINT, false, false);
        check_signal(SIGTERM, false, false);
        check_signal(SIGHUP, false, false);
        check_signal(SIGINT, true, false);
}
END_TEST

START_TEST(test_signal_while_a_password_is_awaited) {
        start_snagd(&(FakeStory){.open_hangs = true});
        check_signal(SIGINT, true, true);
        check_signal(SIGTERM, false, true);
}
END_TEST

/* polkit's agent: closes the descriptor that it is given when it is ready, and asks on the terminal, without
 * echo; told to end, at whatever moment, it takes its time to switch that on again. So it stays a shell to its
 * end: one that becomes another program forgets a signal that it has just taken note of. */
#define FAKE_AGENT(on_term)                                                      \
        "#!/bin/bash\n"                                                          \
        "dir=${0%/*}\n"                                                          \
        "[ \"$1\" = --notify-fd ] && [ \"$3\" = --fallback ] || exit 1\n"        \
        "echo $$ >\"$dir/agent.pid\"\n"                                          \
        "trap '" on_term "' TERM\n"                                              \
        "trap '' INT\n"                                                          \
        "eval \"exec $2>&-\"\n"                                                  \
        "exec </dev/tty >/dev/tty\n"                                             \
        "stty -echo\n"                                                           \
        "printf 'Password: '\n"                                                  \
        "until read -rt 0.1 answer; do :; done\n" /* a trap waits for its end */ \
        "stty echo\n"                                                            \
        "printf %s \"$answer\" >\"$dir/answer.new\"\n"                           \
        "mv \"$dir/answer.new\" \"$dir/answer\"\n"                               \
        "while :; do read -rt 0.1; done\n"

static void make_agent(const char *script) {
        write_file("pkttyagent", script, strlen(script), strlen(script));
        ck_assert_int_eq(chmod(in_folder("pkttyagent"), 0700), 0);
}

static const char fake_agent[] = FAKE_AGENT("for i in {1..20000}; do :; done; stty echo; exit");
static const char deaf_agent[] = FAKE_AGENT("");

/* Runs it on a pseudo-terminal, the other end of which is *@ret_fd. */
static pid_t spawn_on_terminal(const char *option, int *ret_fd) {
        const char *argv[] = {"snagctl", GOOD_RECOVER, option, NULL};
        char path[256];
        pid_t pid;

        (void) snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
        pid = forkpty(ret_fd, NULL, NULL, NULL);
        ck_assert_int_ge(pid, 0);
        if (pid > 0)
                return pid;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) setenv("PATH", path, 1);
        (void) setenv("TERM", "dumb", 1);
        (void) setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
        (void) execv(getenv("SNAGCTL"), (char *const *) argv);
        _exit(127);
}

static void wait_for_end(pid_t pid) {
        int wait_status;

        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        ck_assert(WIFEXITED(wait_status));
        last_status = WEXITSTATUS(wait_status);
}

/* Reads what the terminal shows, and types @keys when a password is asked for; until that is done, or, without
 * @keys or a question, until everybody has closed the terminal. */
static bool answer_question(int fd, const char *keys) {
        size_t len = 0;
        ssize_t n;

        out[0] = '\0';
        while ((n = read(fd, out + len, sizeof(out) - 1 - len)) > 0) {
                len += (size_t) n;
                out[len] = '\0';
                if (keys && strstr(out, "Password: ")) {
                        ck_assert_int_gt(write(fd, keys, strlen(keys)), 0);
                        return true;
                }
        }
        return false;
}

/* Types @password when asked for one: `last_status`, `out` (what came after the question). */
static void run_on_terminal(const char *password, const char *option) {
        pid_t pid;
        int fd;

        pid = spawn_on_terminal(option, &fd);
        if (answer_question(fd, password))
                (void) answer_question(fd, NULL);
        fd_close(fd);
        wait_for_end(pid);
}

static pid_t read_agent_pid(void) {
        FILE *file = fopen(in_folder("agent.pid"), "re");
        int pid = 0;

        if (!file)
                return 0;
        ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
        (void) fclose(file);
        return pid;
}

START_TEST(test_password) {
        static char answer[128];

        (void) snprintf(answer, sizeof(answer), "%s/answer", folder);
        make_agent(fake_agent);
        start_snagd(&(FakeStory){.answer_file = answer, .plugs_board = true});

        /* Nobody is asked. */
        run_on_terminal(NULL, "--no-ask-password");
        ck_assert_msg(last_status == 3, "%d: %s", last_status, out);
        ck_assert_ptr_nonnull(strstr(out, "org.snagd1.open-session"));
        ck_assert_ptr_nonnull(strstr(out, "without --no-ask-password"));
        ck_assert_int_eq(read_agent_pid(), 0);

        run_on_terminal("wrong\n", NULL);
        ck_assert_msg(last_status == 3, "%d: %s", last_status, out);
        ck_assert_ptr_nonnull(strstr(out, "usermod -aG snagd root"));
        ck_assert_int_eq(unlink(answer), 0);

        run_on_terminal("secret\n", NULL);
        ck_assert_msg(last_status == 0, "%d: %s", last_status, out);
        ck_assert_ptr_nonnull(strstr(out, "recovered in"));
        ck_assert_int_gt(read_agent_pid(), 0);
        ck_assert_int_eq(kill(read_agent_pid(), 0), -1);

        /* Without a terminal there is nobody to ask. */
        ck_assert_int_eq(unlink(in_folder("agent.pid")), 0);
        RUN(GOOD_RECOVER);
        check(0, "recovered in", "waiting for a board");
        ck_assert_int_eq(read_agent_pid(), 0);
}
END_TEST

/* Types Ctrl-C at @agent's question, to the end of the command; returns the terminal. */
static int interrupt_question(const char *agent) {
        static char answer[128];
        pid_t pid;
        int fd;

        make_agent(agent);
        (void) snprintf(answer, sizeof(answer), "%s/answer", folder);
        start_snagd(&(FakeStory){.answer_file = answer});
        pid = spawn_on_terminal(NULL, &fd);
        ck_assert(answer_question(fd, "\003"));
        wait_for_end(pid);
        ck_assert_int_eq(last_status, 128 + SIGINT);
        ck_assert_int_eq(kill(read_agent_pid(), 0), -1);
        return fd;
}

/* When the shell goes on, what is typed there is seen, and on a line of its own. */
START_TEST(test_password_is_thought_better_of) {
        struct termios terminal;
        int fd = interrupt_question(fake_agent);

        ck_assert_int_eq(tcgetattr(fd, &terminal), 0);
        ck_assert(terminal.c_lflag & ECHO);
        ck_assert(!answer_question(fd, NULL));
        ck_assert_str_eq(out, "\r\n");
        fd_close(fd);
}
END_TEST

START_TEST(test_password_agent_hangs) {
        fd_close(interrupt_question(deaf_agent));
}
END_TEST

START_TEST(test_quiet_and_verbose) {
        start_snagd(&(FakeStory){.plugs_board = true});
        RUN("--quiet", GOOD_RECOVER);
        check(0, "recovered in", NULL);
        RUN(GOOD_RECOVER, "--quiet");
        check(0, "recovered in", NULL);
        RUN(GOOD_RECOVER, "--verbose");
        check(0, "recovered in", "in blocks of");
}
END_TEST

START_TEST(test_lost_result) {
        int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC), err_fd = memfd_create("err", 0);
        int wait_status;
        pid_t pid = spawn((const char *const[]){"--help", NULL}, full_fd, err_fd, false);

        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        ck_assert(WIFEXITED(wait_status));
        ck_assert_int_eq(WEXITSTATUS(wait_status), 1);
        read_back(err_fd, err, sizeof(err));
        ck_assert_ptr_nonnull(strstr(err, "cannot write the result"));

        /* Also of what has failed for another reason. */
        err_fd = memfd_create("err", 0);
        pid = spawn((const char *const[]){"check", "am335x", NULL}, full_fd, err_fd, false);
        ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
        ck_assert_int_eq(WEXITSTATUS(wait_status), 1);
        read_back(err_fd, err, sizeof(err));
        ck_assert_ptr_nonnull(strstr(err, "cannot write the result"));
        fd_close(full_fd);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                test_help_and_version,
                test_usage,
                test_typing_errors,
                test_snagboots_options,
                test_malformed_port,
                test_malformed_timeout,
                test_files_that_cannot_be_used,
                test_files_that_cannot_be_captured_to,
                test_files_that_cannot_be_a_record,
                test_firmware_configurations,
                test_not_installed,
                test_list_and_status,
                test_check,
                test_check_of_a_station,
                test_list_without_boards,
                test_close,
                test_denied,
                test_refused_for_other_reasons,
                test_asks_again_once_if_shutting_down,
                test_no_board_in_time,
                test_session_fails,
                test_snagd_leaves,
                test_session_is_closed_by_others,
                test_board_is_pulled,
                test_recovers,
                test_captures,
                test_believes_nobody_but_snagd,
                test_recovers_with_mlo,
                test_signals,
                test_signal_while_a_password_is_awaited,
                test_password,
                test_password_is_thought_better_of,
                test_password_agent_hangs,
                test_quiet_and_verbose,
                test_lost_result,
        };
        Suite *suite = suite_create("snagctl");
        TCase *tcase = tcase_create("snagctl");
        SRunner *runner;
        int n_failed;

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_set_timeout(tcase, 60);
        for (size_t i = 0; i < ELEMENTSOF(tests); i++)
                tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
