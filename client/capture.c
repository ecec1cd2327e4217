/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * Each block of the file leaves by a write(2) of its own, when its datagram is read or was sent. So there
 * is nothing to be flushed: what was captured is in the file, however the program ends (a signal's handler
 * ends it on the spot). A block is torn only if the program is killed, or the disk is full, within that
 * write; in the second case it is cut off again. That costs microseconds a datagram, where a board takes
 * milliseconds.
 *
 * A UDP socket shows neither headers nor the board's MAC address; but the board writes that into its BOOTP
 * request. Everything else that is made up, the file says of itself.
 *
 * The file is the user's own: opened as every program would, symbolic links and all. It must be a regular
 * one: what a recovery writes to must not be able to stop it, as a pipe could that nobody reads. Nobody
 * else gets to read it, unless it was there before: it holds the images. An old capture may be what
 * somebody wants to report: it is replaced when there is something to put in its place, and what is no
 * capture never. */

#include "capture.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "bootp-message.h"
#include "capture-frame.h"
#include "fd-util.h"
#include "pcapng.h"
#include "text.h"

#define BOOTP_SERVER_PORT 67u

/* The largest datagram with all that is around it, and a comment of some kilobytes. */
#define BLOCK_SIZE_MAX (72u * 1024)

#define NSEC_PER_SEC UINT64_C(1000000000)

struct Capture {
        int fd;             /* -EBADF: closed */
        bool has_head;      /* else the file is still as it was */
        const char *path;   /* borrowed */
        Progress *progress; /* borrowed */
        bool has_failed;
        off_t size; /* of the whole blocks in the file */
        uint64_t n_datagrams;
        uint8_t board_mac[CAPTURE_FRAME_MAC_LEN];
        uint8_t block[BLOCK_SIZE_MAX];
};

/* Made up, and marked so by the bit that says "locally administered" (IEEE 802); their ends are those of
 * the IPv4 addresses, 100 and 101. */
static const uint8_t our_mac[CAPTURE_FRAME_MAC_LEN] = {0x02, 0, 0, 0, 0, 0x64};
static const uint8_t unknown_board_mac[CAPTURE_FRAME_MAC_LEN] = {0x02, 0, 0, 0, 0, 0x65};
static const uint8_t broadcast_mac[CAPTURE_FRAME_MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static const char file_comment[] =
        "What the UDP sockets of one recovery received and sent. The headers of Ethernet, IPv4 and "
        "UDP are reconstructed, since a socket does not show them. As they were: the addresses and "
        "ports of IPv4 and UDP (where nftables rewrites a port, as the board sees it), lengths and "
        "payload. The board's MAC address is the one in its BOOTP request. Made up: the other MAC "
        "address (02:00:00:00:00:64; 02:00:00:00:00:65 is a board whose own is not known), IPv4 "
        "identification, flags and TTL, and that UDP has no checksum. ARP and ICMP are missing. Each "
        "packet's comment names the board's USB port and its stage.";

/* --- opening --------------------------------------------------------------------------------- */

static bool is_same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What is there under that name, and must not be touched. */
static int check_existing(const char *path, const struct stat *st, const char *const *inputs,
                          size_t n_inputs, char **ret_reason) {
        struct stat other;

        if (S_ISDIR(st->st_mode))
                return text_refuse(-EISDIR, ret_reason, "'%s' is a directory; name a file in it",
                                   path);
        if (!S_ISREG(st->st_mode))
                return text_refuse(-EINVAL, ret_reason,
                                   "'%s' is not a regular file; name one to capture to", path);

        for (size_t i = 0; i < n_inputs; i++)
                if (inputs[i] && stat(inputs[i], &other) == 0 && is_same_file(st, &other))
                        return text_refuse(-EINVAL, ret_reason,
                                           "'%s' is '%s', and would be overwritten by the capture; "
                                           "name another file",
                                           path, inputs[i]);
        for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
                if (fstat(fd, &other) == 0 && is_same_file(st, &other))
                        return text_refuse(-EINVAL, ret_reason,
                                           "'%s' is where %s; name another file to capture to",
                                           path,
                                           fd == STDOUT_FILENO ? "the result goes" : "messages go");
        return 0;
}

static int cannot_write(int error, const char *path, char **ret_reason) {
        return text_refuse(error, ret_reason, "cannot write '%s': %s", path, strerror(-error));
}

/* Whether a file of that name could be made. */
static int check_folder(const char *path, char **ret_reason) {
        const char *slash = strrchr(path, '/');
        char *folder = slash ? strndup(path, (size_t) (slash - path) + 1) : strdup(".");
        int error = 0;

        if (!folder) {
                *ret_reason = NULL;
                return -ENOMEM;
        }
        if (*path == '\0' || (slash && slash[1] == '\0'))
                error = *path ? -EISDIR : -ENOENT;
        else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
                error = -errno;
        free(folder);
        return error < 0 ? cannot_write(error, path, ret_reason) : 0;
}

/* Only what begins as a capture does is replaced. */
static int check_content(const char *path, int fd, char **ret_reason) {
        uint8_t head[PCAPNG_MAGIC_LEN];
        ssize_t n = pread(fd, head, sizeof(head), 0);

        if (n < 0)
                return text_refuse(-errno, ret_reason, "cannot read '%s': %s", path,
                                   strerror(errno));
        if (n > 0 && memcmp(head, PCAPNG_MAGIC, (size_t) n) != 0)
                return text_refuse(
                        -EINVAL, ret_reason,
                        "'%s' is there, and is no capture: name another file, or a new one", path);
        return 0;
}

int capture_check(const char *path, const char *const *inputs, size_t n_inputs, char **ret_reason) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        assert(path);
        assert(inputs || n_inputs == 0);
        assert(ret_reason);

        *ret_reason = NULL;
        if (streq(path, "-"))
                return text_refuse(-EINVAL, ret_reason,
                                   "'-': a capture is not written to standard output, where the "
                                   "result goes; name a file");
        if (stat(path, &st) < 0)
                return errno == ENOENT ? check_folder(path, ret_reason)
                                       : cannot_write(-errno, path, ret_reason);
        r = check_existing(path, &st, inputs, n_inputs, ret_reason);
        if (r < 0)
                return r;
        if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
                return cannot_write(-errno, path, ret_reason);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return text_refuse(-errno, ret_reason, "cannot read '%s': %s", path,
                                   strerror(errno));
        return check_content(path, fd, ret_reason);
}

/* Opens it without changing what is in it. */
static int open_file(const char *path, const char *const *inputs, size_t n_inputs,
                     char **ret_reason, int *ret_fd, bool *ret_is_empty) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        int r;

        /* It was a regular file, or none; should it be another thing by now, O_NONBLOCK and O_NOCTTY
         * keep us from waiting for its other end. */
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
        if (fd < 0 || fstat(fd, &st) < 0)
                return cannot_write(-errno, path, ret_reason);
        r = check_existing(path, &st, inputs, n_inputs, ret_reason);
        if (r < 0)
                return r;
        r = check_content(path, fd, ret_reason);
        if (r < 0)
                return r;

        /* Two recoveries in one file would garble it. A file system without locks has none. */
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
                return text_refuse(-EBUSY, ret_reason,
                                   "'%s' is being written to, by another recovery perhaps; give "
                                   "each a file of its own",
                                   path);

        *ret_fd = TAKE_FD(fd);
        *ret_is_empty = st.st_size == 0;
        return 0;
}

/* Returns 0 or a negative errno, and then the file is as it was before. */
static int write_block(Capture *c, size_t len) {
        for (size_t n_written = 0; n_written < len;) {
                ssize_t n = write(c->fd, c->block + n_written, len - n_written);
                int error;

                if (n > 0) {
                        n_written += (size_t) n;
                        continue;
                }
                error = n < 0 ? -errno : -EIO;
                if (error == -EINTR)
                        continue;
                (void) ftruncate(c->fd, c->size);
                return error;
        }

        c->size += (off_t) len;
        return 0;
}

static int write_head(Capture *c) {
        char os[sizeof(struct utsname)];
        struct utsname system = {};
        size_t len;
        int r;

        (void) uname(&system);
        (void) snprintf(os, sizeof(os), "%s %s", system.sysname, system.release);
        r = pcapng_format_section(
                &(PcapngSection){
                        .comment = file_comment,
                        .hardware = system.machine,
                        .os = os,
                        .application = "snagctl " SNAGD_VERSION,
                },
                c->block, sizeof(c->block), &len);
        assert(r == 0);
        r = write_block(c, len);
        if (r < 0)
                return r;

        r = pcapng_format_interface(
                &(PcapngInterface){
                        .link_type = PCAPNG_LINK_TYPE_ETHERNET,
                        .name = "snagd",
                        .description = "UDP sockets of a session; headers are reconstructed",
                },
                c->block, sizeof(c->block), &len);
        assert(r == 0);
        return write_block(c, len);
}

/* The old content goes only here. */
static int begin(Capture *c) {
        int r;

        if (c->has_head)
                return 0;
        if (ftruncate(c->fd, 0) < 0)
                return -errno;
        r = write_head(c);
        if (r < 0)
                return r;
        c->has_head = true;
        return 0;
}

int capture_open(const char *path, const char *const *inputs, size_t n_inputs, Progress *progress,
                 char **ret_reason, Capture **ret) {
        _cleanup_(capture_freep) Capture *c = NULL;
        bool is_empty = false;
        int r;

        assert(progress);
        assert(ret);

        r = capture_check(path, inputs, n_inputs, ret_reason);
        if (r < 0)
                return r;

        c = calloc(1, sizeof(Capture));
        if (!c)
                return -ENOMEM;
        c->fd = -EBADF;
        c->path = path;
        c->progress = progress;
        memcpy(c->board_mac, unknown_board_mac, sizeof(c->board_mac));
        r = open_file(path, inputs, n_inputs, ret_reason, &c->fd, &is_empty);
        if (r < 0)
                return r;
        r = is_empty ? begin(c) : 0;
        if (r < 0)
                return cannot_write(r, path, ret_reason);

        *ret = TAKE_PTR(c);
        return 0;
}

Capture *capture_free(Capture *c) {
        if (!c)
                return NULL;

        fd_close(c->fd);
        free(c);
        return NULL;
}

/* --- adding ---------------------------------------------------------------------------------- */

/* The time that clocks on the wall show, and other programs' captures: not for deadlines. */
static uint64_t get_wall_nsec(void) {
        struct timespec ts = {};

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * NSEC_PER_SEC + (uint64_t) ts.tv_nsec;
}

static bool is_unicast_mac(const uint8_t mac[static CAPTURE_FRAME_MAC_LEN]) {
        static const uint8_t none[CAPTURE_FRAME_MAC_LEN];

        return (mac[0] & 1) == 0 && memcmp(mac, none, sizeof(none)) != 0;
}

/* A BOOTP request tells its sender's MAC address: RFC 951 3, chaddr. */
static void learn_mac(Capture *c, const CaptureDatagram *datagram) {
        BootpMessage message = {};

        if (datagram->way != CAPTURE_RECEIVED || datagram->n_parts == 0 ||
            ntohs(datagram->destination.sin_port) != BOOTP_SERVER_PORT)
                return;
        if (bootp_message_parse(datagram->parts[0].iov_base, datagram->parts[0].iov_len,
                                &message) == 0 &&
            message.op == BOOTP_OP_REQUEST && message.htype == BOOTP_HTYPE_ETHERNET &&
            message.hlen == CAPTURE_FRAME_MAC_LEN && is_unicast_mac(message.chaddr))
                memcpy(c->board_mac, message.chaddr, sizeof(c->board_mac));
}

static void make_headers(const Capture *c, const CaptureDatagram *datagram,
                         uint8_t headers[static CAPTURE_FRAME_HEADERS_LEN]) {
        bool is_received = datagram->way == CAPTURE_RECEIVED;
        const uint8_t *source = is_received ? c->board_mac : our_mac,
                      *destination = is_received ? our_mac : c->board_mac;
        CaptureFrame frame = {
                .source = datagram->source,
                .destination = datagram->destination,
                .payload_len = datagram->full_len,
        };

        if (datagram->is_broadcast)
                destination = broadcast_mac;
        memcpy(frame.source_mac, source, sizeof(frame.source_mac));
        memcpy(frame.destination_mac, destination, sizeof(frame.destination_mac));
        capture_frame_format(&frame, headers);
}

static int add_packet(Capture *c, const CaptureDatagram *datagram) {
        static const PcapngDirection directions[] = {
                [CAPTURE_RECEIVED] = PCAPNG_DIRECTION_INBOUND,
                [CAPTURE_SENT] = PCAPNG_DIRECTION_OUTBOUND,
                [CAPTURE_NOT_SENT] = PCAPNG_DIRECTION_UNKNOWN,
        };
        uint8_t headers[CAPTURE_FRAME_HEADERS_LEN];
        struct iovec parts[1 + CAPTURE_PARTS_MAX] = {{headers, sizeof(headers)}};
        _cleanup_free_ char *comment = NULL;
        size_t len;

        learn_mac(c, datagram);
        make_headers(c, datagram, headers);
        for (size_t i = 0; i < datagram->n_parts; i++)
                parts[1 + i] = datagram->parts[i];
        comment = text_printable(datagram->comment);
        if (pcapng_format_packet(
                    &(PcapngPacket){
                            .nsec = get_wall_nsec(),
                            .parts = parts,
                            .n_parts = 1 + datagram->n_parts,
                            .full_len = sizeof(headers) + datagram->full_len,
                            .direction = directions[datagram->way],
                            .comment = comment,
                    },
                    c->block, sizeof(c->block), &len) != 0)
                return -EMSGSIZE;
        return write_block(c, len);
}

void capture_add(Capture *c, const CaptureDatagram *datagram) {
        int r;

        assert(c);
        assert(datagram);
        assert(datagram->n_parts <= CAPTURE_PARTS_MAX);

        if (c->has_failed || c->fd < 0)
                return;

        r = begin(c);
        if (r == 0)
                r = add_packet(c, datagram);
        if (r < 0) {
                c->has_failed = true;
                progress_warning(c->progress,
                                 "cannot write to '%s': %s; the capture ends there, the recovery "
                                 "goes on",
                                 c->path, strerror(-r));
                return;
        }
        c->n_datagrams++;
}

bool capture_is_older(const Capture *c) {
        assert(c);

        return !c->has_head;
}

uint64_t capture_finish(Capture *c) {
        assert(c);

        /* A file system in the network may tell of a full disk only now. */
        if (c->fd >= 0 && close(TAKE_FD(c->fd)) < 0 && errno != EINTR)
                progress_warning(c->progress,
                                 "cannot write to '%s': %s; the capture may not be all there",
                                 c->path, strerror(errno));
        return c->n_datagrams;
}
