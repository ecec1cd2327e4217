/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "board-link.h"
#include "fd-util.h"

enum {
        QUEUE_MAX = 256,
        REORDER_USEC_MAX = 20 * 1000, /* when no next frame comes to overtake */
        BUSY_RETRY_USEC = 1000,
        FLUSH_POLL_USEC_MIN = 1000,
        FLUSH_POLL_USEC_MAX = 100 * 1000,
        FLUSH_POLL_PART = 50,        /* of what was waited: thirty boards may do so for minutes */
        GONE_POLL_USEC = 200 * 1000, /* the socket's error at "down" hides the one at "gone" */

        ETHERTYPE_ALL = 3,
};

typedef enum Direction { TO_HOST, FROM_HOST } Direction;

typedef struct Queued {
        Direction direction;
        uint64_t due_usec;
        bool is_held; /* reordered: due as soon as another one of its direction has passed */
        LinkFrame frame;
} Queued;

struct BoardLink {
        int fd;
        int stop_fd; /* borrowed */
        int ifindex;
        Queued *queue[QUEUE_MAX]; /* in order of entry */
        size_t n_queue;
        FrameFaults faults;
        FaultDice dice;
        uint64_t delay_usec;
        uint64_t lateness_usec; /* of each frame to the host */
        StageTally *tally;      /* not owned; NULL until the faults are set */

        uint64_t n_sent; /* taken by the interface */
        uint64_t tx_packets_base;
};

/* The interface's tx_packets, from /proc: sysfs shows the namespace of its mount. 0 if unknown. */
static uint64_t read_tx_packets(int ifindex) {
        char name[IF_NAMESIZE], line[512];
        uint64_t value = 0;
        FILE *f;

        if (!if_indextoname((unsigned) ifindex, name))
                return 0;
        f = fopen("/proc/thread-self/net/dev", "re");
        if (!f)
                return 0;
        while (fgets(line, sizeof(line), f)) {
                char *start = line + strspn(line, " ");
                char *colon = strchr(start, ':');

                if (!colon || (size_t) (colon - start) != strlen(name) ||
                    strncmp(start, name, strlen(name)) != 0)
                        continue;
                /* Eight counters of reception, then ours. */
                if (sscanf(colon + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64, &value) != 1)
                        value = 0;
                break;
        }
        fclose(f);
        return value;
}

int board_link_new(int ifindex, int stop_fd, BoardLink **ret) {
        _cleanup_(board_link_freep) BoardLink *link = calloc(1, sizeof(*link));
        struct sockaddr_ll address = {
                .sll_family = AF_PACKET,
                .sll_protocol = htons(ETHERTYPE_ALL),
                .sll_ifindex = ifindex,
        };
        const int yes = 1;

        if (!link)
                return -ENOMEM;
        link->stop_fd = stop_fd;
        link->ifindex = ifindex;
        /* Protocol 0: nothing is received before the socket is bound to its one interface. */
        link->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (link->fd < 0)
                return -errno;
        /* Past the queueing discipline: it drops silently while the carrier comes up. */
        if (setsockopt(link->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) < 0 ||
            setsockopt(link->fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)) < 0 ||
            setsockopt(link->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) < 0 ||
            setsockopt(link->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) < 0 ||
            bind(link->fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        link->tx_packets_base = read_tx_packets(ifindex);
        *ret = TAKE_PTR(link);
        return 0;
}

BoardLink *board_link_free(BoardLink *link) {
        if (!link)
                return NULL;
        fd_close(link->fd);
        for (size_t i = 0; i < link->n_queue; i++)
                free(link->queue[i]);
        free(link);
        return NULL;
}

void board_link_set_faults(BoardLink *link, const FrameFaults *faults, uint32_t delay_ms,
                           uint64_t seed, StageTally *tally) {
        link->faults = *faults;
        link->delay_usec = delay_ms * USEC_PER_MSEC;
        link->dice = (FaultDice){.state = seed};
        link->tally = tally;
}

void board_link_set_lateness(BoardLink *link, uint64_t usec) {
        link->lateness_usec = usec;
}

static void enqueue(BoardLink *link, Direction direction, const LinkFrame *frame, uint64_t due_usec,
                    bool is_held) {
        Queued *q;

        if (link->n_queue >= QUEUE_MAX) /* as a real queue would */
                return;
        q = malloc(sizeof(*q));
        if (!q)
                abort();
        *q = (Queued){
                .direction = direction,
                .due_usec = due_usec + (direction == TO_HOST ? link->lateness_usec : 0),
                .is_held = is_held,
                .frame = *frame,
        };
        link->queue[link->n_queue++] = q;
}

static void dequeue(BoardLink *link, size_t i) {
        free(link->queue[i]);
        memmove(&link->queue[i], &link->queue[i + 1],
                (--link->n_queue - i) * sizeof(link->queue[0]));
}

/* Another frame of that direction has been queued in front: those it overtook may go now. */
static void release_held(BoardLink *link, Direction direction, uint64_t now) {
        size_t n = link->n_queue;

        for (size_t i = 0; i < n; i++) {
                Queued *q = link->queue[i];

                if (q->direction != direction || !q->is_held)
                        continue;
                q->is_held = false;
                q->due_usec = now;
                /* To the end of the queue: behind the frame that overtakes it. */
                memmove(&link->queue[i], &link->queue[i + 1],
                        (link->n_queue - i - 1) * sizeof(link->queue[0]));
                link->queue[link->n_queue - 1] = q;
                i--;
                n--;
        }
}

/* Throws the dice for a frame and queues it accordingly. */
static void enqueue_with_fate(BoardLink *link, Direction direction, LinkFrame *frame) {
        FrameFate fate = FATE_PASS;
        uint64_t now = now_usec();

        if (link->tally)
                fate = fault_dice_throw(&link->dice, &link->faults);
        switch (fate) {
        case FATE_LOSE:
                link->tally->n_frames_lost++;
                return;
        case FATE_REORDER:
                link->tally->n_frames_reordered++;
                enqueue(link, direction, frame, now + REORDER_USEC_MAX, true);
                return;
        case FATE_DELAY:
                link->tally->n_frames_late++;
                enqueue(link, direction, frame, now + link->delay_usec, false);
                return;
        case FATE_REPEAT:
                link->tally->n_frames_repeated++;
                enqueue(link, direction, frame, now, false);
                frame->is_copy = true;
                enqueue(link, direction, frame, now, false);
                break;
        case FATE_PASS:
                enqueue(link, direction, frame, now, false);
                break;
        }
        release_held(link, direction, now);
}

/* Returns 0 when sent or hopeless, -EAGAIN when the interface is not ready, -ENODEV. */
static int transmit(BoardLink *link, const LinkFrame *frame) {
        if (send(link->fd, frame->data, frame->len, MSG_DONTWAIT) >= 0) {
                link->n_sent++;
                return 0;
        }
        switch (errno) {
        case EAGAIN:
        case ENOBUFS:
        case ENETDOWN:
        case EIO:
                return -EAGAIN;
        case ENXIO:
        case ENODEV:
                return -ENODEV;
        default:
                return 0;
        }
}

/* Sends what is due, in order; a frame that must wait holds up those behind it. */
static int transmit_due(BoardLink *link) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < link->n_queue;) {
                Queued *q = link->queue[i];
                int r;

                if (q->direction != TO_HOST || q->due_usec > now) {
                        i++;
                        continue;
                }
                r = transmit(link, &q->frame);
                if (r == -EAGAIN) {
                        q->due_usec = now + BUSY_RETRY_USEC;
                        return 0;
                }
                if (r < 0)
                        return r;
                dequeue(link, i);
        }
        return 0;
}

void board_link_send(BoardLink *link, const uint8_t *frame, size_t len) {
        LinkFrame *copy = calloc(1, sizeof(*copy));

        if (!copy)
                abort();
        assert(len <= sizeof(copy->data));
        memcpy(copy->data, frame, len);
        copy->len = len;
        enqueue_with_fate(link, TO_HOST, copy);
        free(copy);
        (void) transmit_due(link); /* board_link_wait() will see it again */
}

static bool is_gone(const BoardLink *link) {
        char name[IF_NAMESIZE];

        return !if_indextoname((unsigned) link->ifindex, name);
}

/* How long ago the kernel received it: two frames that are read in a row, by a process that had to wait for its turn, may
 * have come apart. */
static uint64_t get_age_usec(struct cmsghdr *timestamp) {
        struct timespec then, now;
        int64_t age_usec;

        memcpy(&then, CMSG_DATA(timestamp), sizeof(then));
        (void) clock_gettime(CLOCK_REALTIME, &now);
        age_usec = (int64_t) (now.tv_sec - then.tv_sec) * (int64_t) USEC_PER_SEC +
                   (now.tv_nsec - then.tv_nsec) / 1000;
        /* Should the clock be set meanwhile. */
        return age_usec >= 0 && age_usec < (int64_t) (10 * USEC_PER_SEC) ? (uint64_t) age_usec : 0;
}

/* Returns 1 and a frame, 0 if there is none, -ENODEV. */
static int receive(BoardLink *link, LinkFrame *ret) {
        union {
                struct cmsghdr header;
                uint8_t space[CMSG_SPACE(sizeof(struct tpacket_auxdata)) +
                              CMSG_SPACE(sizeof(struct timespec))];
        } control;
        struct iovec iov = {.iov_base = ret->data, .iov_len = sizeof(ret->data)};
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(link->fd, &message, MSG_DONTWAIT);

        if (n < 0) /* ENETDOWN also when the interface was only set down */
                return errno == EAGAIN || !is_gone(link) ? 0 : -ENODEV;
        ret->len = (size_t) n;
        ret->arrival_usec = now_usec();
        ret->is_offloaded = ret->is_copy = false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
                        struct tpacket_auxdata aux;

                        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
                        ret->is_offloaded = aux.tp_status & TP_STATUS_CSUMNOTREADY;
                }
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
                        ret->arrival_usec -= get_age_usec(c);
        }
        return 1;
}

/* A received frame whose time has come. */
static bool take_received(BoardLink *link, LinkFrame *ret) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < link->n_queue; i++)
                if (link->queue[i]->direction == FROM_HOST && link->queue[i]->due_usec <= now) {
                        *ret = link->queue[i]->frame;
                        dequeue(link, i);
                        return true;
                }
        return false;
}

static uint64_t next_due(const BoardLink *link, uint64_t deadline_usec) {
        for (size_t i = 0; i < link->n_queue; i++)
                deadline_usec = MIN_OF(deadline_usec, link->queue[i]->due_usec);
        return deadline_usec;
}

static struct timespec timespec_until(uint64_t until_usec) {
        uint64_t now = now_usec(), left = until_usec > now ? until_usec - now : 0;

        return (struct timespec){
                .tv_sec = (time_t) (left / USEC_PER_SEC),
                .tv_nsec = (long) (left % USEC_PER_SEC * NSEC_PER_USEC),
        };
}

/* Sleeps until @until_usec or input. Returns 1 on input, 0, -EINTR when told to stop. */
static int sleep_until(BoardLink *link, uint64_t until_usec) {
        struct pollfd fds[] = {
                {.fd = link->stop_fd, .events = POLLIN},
                {.fd = link->fd, .events = POLLIN},
        };
        struct timespec timeout = timespec_until(until_usec);

        if (ppoll(fds, ELEMENTSOF(fds), &timeout, NULL) < 0 && errno != EINTR)
                return -errno;
        return fds[0].revents ? -EINTR : fds[1].revents ? 1 : 0;
}

int board_link_wait(BoardLink *link, uint64_t deadline_usec, LinkFrame *ret) {
        for (;;) {
                int r = transmit_due(link);

                if (r < 0)
                        return r;
                if (take_received(link, ret))
                        return 1;
                /* What has come already goes before a deadline that has passed: U-Boot's loop
                 * looks for frames first. */
                r = receive(link, ret);
                if (r < 0)
                        return r;
                if (r > 0) {
                        enqueue_with_fate(link, FROM_HOST, ret);
                        continue;
                }
                if (now_usec() >= deadline_usec)
                        return 0;
                r = sleep_until(link,
                                MIN_OF(next_due(link, deadline_usec), now_usec() + GONE_POLL_USEC));
                if (r < 0)
                        return r;
                if (r == 0 && is_gone(link))
                        return -ENODEV;
        }
}

static bool is_waiting_to_send(const BoardLink *link) {
        for (size_t i = 0; i < link->n_queue; i++)
                if (link->queue[i]->direction == TO_HOST)
                        return true;
        return false;
}

int board_link_flush(BoardLink *link, uint64_t deadline_usec) {
        uint64_t begin_usec = now_usec(), pause_usec;

        for (;;) {
                int r = transmit_due(link);

                if (r < 0)
                        return r;
                if (!is_waiting_to_send(link) &&
                    read_tx_packets(link->ifindex) - link->tx_packets_base >= link->n_sent)
                        return 0;
                if (is_gone(link))
                        return -ENODEV;
                if (now_usec() >= deadline_usec)
                        return -ETIMEDOUT;
                /* What the host sends proves the link, too: a frame that was lost on the way would
                 * never be counted. */
                pause_usec = (now_usec() - begin_usec) / FLUSH_POLL_PART;
                pause_usec = MAX_OF(pause_usec, (uint64_t) FLUSH_POLL_USEC_MIN);
                pause_usec = MIN_OF(pause_usec, (uint64_t) FLUSH_POLL_USEC_MAX);
                r = sleep_until(link, MIN_OF(deadline_usec, now_usec() + pause_usec));
                if (r != 0)
                        return MIN_OF(r, 0);
        }
}
