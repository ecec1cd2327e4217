/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Commands that a shell cannot play well. None of their processes outlives the minute, whatever becomes of the
 * test. */

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "macro.h"

#define LIFE_SEC 60
#define N_LINKS  1000

_Noreturn static void stay(void) {
        (void) alarm(LIFE_SEC);
        for (;;)
                (void) pause();
}

/* Tells whoever started us that we are under way, and what would not be by then. */
static void say(const char *text) {
        (void) printf("%s\n", text);
        (void) fflush(stdout);
}

/* What is open, and what 0 is; each on a line. */
static void print_fds(void) {
        struct dirent *entry;
        char target[256];
        ssize_t n;
        DIR *dir;

        n = readlink("/proc/self/fd/0", target, sizeof(target) - 1);
        target[MAX_OF(n, 0)] = '\0';
        say(target);
        dir = opendir("/proc/self/fd");
        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
                        say(entry->d_name);
        if (dir)
                (void) closedir(dir);
}

/* One that is nobody's child and holds our output. */
static void make_daemon(void) {
        if (fork() > 0) {
                (void) wait(NULL);
                return;
        }
        (void) setsid();
        if (fork() > 0)
                _exit(EXIT_SUCCESS);
        (void) setsid();
        (void) signal(SIGTERM, SIG_IGN);
        (void) signal(SIGHUP, SIG_IGN);
        say("daemon");
        stay();
}

/* Each lives only until it has made the next, in a session of its own. Were there no last one, a test that goes
 * wrong would fill the machine with those that init has not waited for yet. */
static void make_chain(void) {
        if (fork() > 0)
                return;
        say("chain");
        for (int i = 0; i < N_LINKS; i++) {
                (void) setsid();
                if (fork() > 0)
                        _exit(EXIT_SUCCESS);
        }
        stay();
}

/* If this is root's set-user-ID program: root altogether, as sudo. Whose real user is still another one can be
 * killed by that: kill(2). */
static void become_root(void) {
        (void) setuid(geteuid());
}

static void say_pid(FILE *where) {
        (void) fprintf(where, "%d\n", (int) getpid());
        (void) fflush(where);
}

/* Faster than anybody reads lines. */
_Noreturn static void flood(void) {
        char block[64 * 1024];

        say_pid(stdout);
        memset(block, '\n', sizeof(block));
        (void) alarm(LIFE_SEC);
        (void) signal(SIGPIPE, SIG_IGN);
        while (write(STDOUT_FILENO, block, sizeof(block)) > 0)
                ;
        /* Nobody reads any more. */
        stay();
}

/* Grows to 3^depth of them, each in a session of its own. */
static void make_tree(int depth) {
        for (int i = 0; i < 3 && depth > 0; i++)
                if (fork() == 0) {
                        (void) setsid();
                        make_tree(depth - 1);
                        stay();
                }
}

int main(int argc, char **argv) {
        const char *what = argc > 1 ? argv[1] : "";

        if (streq(what, "fds"))
                print_fds();
        else if (streq(what, "daemon"))
                make_daemon();
        else if (streq(what, "chains"))
                for (int i = 0; i < 4; i++)
                        make_chain();
        else if (streq(what, "tree"))
                make_tree(5);
        else if (streq(what, "stay")) {
                become_root();
                say_pid(stdout);
                stay();
        } else if (streq(what, "flood")) {
                become_root();
                say_pid(stderr);
                flood();
        } else
                return 2;
        return EXIT_SUCCESS;
}
