/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs a fuzz target over the files and folders that are named, without libFuzzer, and reports in
 * TAP: one line for each input. An input that crashes ends the program, and so the test. */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned n_inputs;

static int replay_file(int folder_fd, const char *name) {
        _cleanup_free_ uint8_t *data = NULL;
        struct stat st;
        ssize_t n;
        int fd;

        fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        /* Exactly as large as the input, so that a sanitizer sees reads past its end. */
        data = malloc(MAX_OF((size_t) st.st_size, (size_t) 1));
        if (!data)
                return -ENOMEM;
        n = read(fd, data, (size_t) st.st_size);
        close(fd);
        if (n != st.st_size)
                return -EIO;
        (void) LLVMFuzzerTestOneInput(data, (size_t) n);
        printf("ok %u - %s\n", ++n_inputs, name);
        fflush(stdout);
        return 0;
}

static int is_input(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int replay_folder(const char *path) {
        struct dirent **entries;
        int n, r = 0, folder_fd;

        folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
                return -errno;
        n = scandir(path, &entries, is_input, alphasort);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = replay_file(folder_fd, entries[i]->d_name);
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
        close(folder_fd);
        return n < 0 ? -EIO : r;
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                struct stat st;
                int r;

                if (stat(argv[i], &st) < 0)
                        r = -errno;
                else if (S_ISDIR(st.st_mode))
                        r = replay_folder(argv[i]);
                else
                        r = replay_file(AT_FDCWD, argv[i]);
                if (r < 0) {
                        printf("Bail out! %s: %s\n", argv[i], strerror(-r));
                        return EXIT_FAILURE;
                }
        }
        /* An empty corpus proves nothing. */
        if (n_inputs == 0) {
                printf("Bail out! no inputs\n");
                return EXIT_FAILURE;
        }
        printf("1..%u\n", n_inputs);
        return EXIT_SUCCESS;
}
