/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * The session tells which board is there and in which stage; the stage, and nothing that the board
 * says, decides which file it gets. Both servers are engines of client/proto; this file feeds them,
 * follows how far the board has come, and has one table of all the ways to get stuck.
 *
 *     WAITING ─▶ ASKING ─▶ ANSWERED ─▶ TRANSFER ─┬─▶ RETURNING ─▶ ASKING …   (a ROM got its SPL)
 *                  ▲          │           │      └─▶ DELIVERED               (an SPL got U-Boot)
 *                  └── LEFT ◀─┴───────────┘
 *
 * A BOOTP request may be read before the bus has told of the board that sent it, or before its link
 * can carry a reply: the driver delivers it inside the kernel's "up", and what is sent then is dropped
 * without a trace, which costs the ROM 4 s. So requests are kept until the session is `ready`, or for
 * half a second should that not come. A request from an interface other than the board's belongs to
 * the next board and is kept too: an SPL whose coming we have not heard of yet must not be told the
 * ROM's file.
 *
 * A stage is done when its last block is acknowledged, or when the board leaves after that block was
 * sent. Silence is not success. */

#include "recovery.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "bus-contract.h"
#include "diagnosis.h"
#include "text.h"
#include "udp-endpoint.h"

#define LEASE_SEC 3600u

/* Requests that came before the board was ready. U-Boot repeats after 250 ms, doubling; the link is up
 * long before it has sent as many. */
#define KEPT_MAX          8u
#define KEPT_SIZE_MAX     1500u
#define KEPT_FOR_USEC     (500 * USEC_PER_MSEC)
#define RESEND_AFTER_USEC (100 * USEC_PER_MSEC) /* a reply that could not be sent */
#define RESENDS_MAX       5u

#define ROM_RETURNS_MAX   3u  /* with its SPL sent each time; the last one ends it */
#define DEPARTURES_ODD    3u  /* before the last block: a loose cable, a watchdog */
#define DEPARTURES_MAX    10u /* so; the last one ends it */
#define BEGINNINGS_MAX    30u /* of one file, which it broke off or began anew */
#define ANSWERED_MAX_USEC (300 * USEC_PER_SEC) /* however often it asks by BOOTP */

_Static_assert(ROM_RETURNS_MAX == 3 && DEPARTURES_MAX == 10,
               "diagnosis.c has the numbers in words");

/* Requests of either kind: at once, and then one each. U-Boot is the quickest, and asks after 250 ms, then less often,
 * but may do so in a script that begins again at once; what a board sends beyond that is not answered, and costs
 * nothing but to be read. */
#define REQUESTS_AT_ONCE_MAX 100u
#define REQUEST_EVERY_USEC   (100 * USEC_PER_MSEC)

/* However often it begins anew, and acknowledges a block in time. Far beyond what lost frames can do. */
#define FETCH_MAX_USEC          (300 * USEC_PER_SEC)
#define FETCH_MIN_BYTES_PER_SEC (4u * 1024)

/* A ROM over a good cable takes 235 KiB/s and more. */
#define SLOW_AFTER_USEC    (5 * USEC_PER_SEC)
#define SLOW_BYTES_PER_SEC (32u * 1024)

/* For programs: how far it is. */
#define TRANSFER_EVENT_EVERY_USEC USEC_PER_SEC

/* Of a sentence, and of what makes it concrete. */
#define DETAIL_LEN_MAX 512

/* A repeated frame that was on its way when the SPL was through is not a ROM that asks again. */
#define ROM_ASKS_AGAIN_USEC (2 * USEC_PER_SEC)

typedef enum RecoveryState {
        STATE_WAITING,   /* no board has come yet */
        STATE_ASKING,    /* a board is there; no BOOTP request of it was answered */
        STATE_ANSWERED,  /* it was told which file to fetch */
        STATE_TRANSFER,  /* it is fetching it */
        STATE_LEFT,      /* it left its port before the last block was sent */
        STATE_RETURNING, /* the ROM has its SPL, which is to come up as a second device */
        STATE_OVER,      /* `result` says how; no input is taken any more */
} RecoveryState;

typedef enum Stuck {
        STUCK_NO_BOARD,
        STUCK_ROM_SILENT,
        STUCK_ROM_GAVE_UP,
        STUCK_SPL_SILENT,
        STUCK_NO_TFTP,
        STUCK_STALLED,
        STUCK_LEFT,
        STUCK_SPL_LEFT,
        STUCK_NO_SECOND_DEVICE,
        _STUCK_MAX,
        STUCK_NOT = _STUCK_MAX,
} Stuck;

typedef struct StuckRow {
        uint64_t says_after_usec; /* from when the step began */
        uint64_t
                fails_after_usec; /* from the last sign of life; USEC_INFINITY: another limit holds */
        Diagnosis says, fails;
} StuckRow;

static const StuckRow stuck_table[_STUCK_MAX] = {
        [STUCK_NO_BOARD] = {10 * USEC_PER_SEC, USEC_INFINITY /* --timeout */, DIAGNOSIS_NO_BOARD,
                            DIAGNOSIS_NO_BOARD_END},
        [STUCK_ROM_SILENT] = {10 * USEC_PER_SEC, 300 * USEC_PER_SEC, DIAGNOSIS_ROM_SILENT,
                              DIAGNOSIS_ROM_SILENT_END},
        [STUCK_ROM_GAVE_UP] = {0, 30 * USEC_PER_SEC, DIAGNOSIS_ROM_GAVE_UP,
                               DIAGNOSIS_ROM_GAVE_UP_END},
        [STUCK_SPL_SILENT] = {5 * USEC_PER_SEC, 60 * USEC_PER_SEC, DIAGNOSIS_SPL_SILENT,
                              DIAGNOSIS_SPL_SILENT_END},
        [STUCK_NO_TFTP] = {5 * USEC_PER_SEC, 60 * USEC_PER_SEC, DIAGNOSIS_NO_TFTP,
                           DIAGNOSIS_NO_TFTP_END},
        [STUCK_STALLED] = {3 * USEC_PER_SEC, TFTP_PATIENCE_USEC, DIAGNOSIS_STALLED,
                           DIAGNOSIS_STALLED_END},
        [STUCK_LEFT] = {0, 30 * USEC_PER_SEC, DIAGNOSIS_LEFT, DIAGNOSIS_LEFT_END},
        [STUCK_SPL_LEFT] = {0, 30 * USEC_PER_SEC, DIAGNOSIS_SPL_LEFT, DIAGNOSIS_SPL_LEFT_END},
        [STUCK_NO_SECOND_DEVICE] = {5 * USEC_PER_SEC, 30 * USEC_PER_SEC, DIAGNOSIS_NO_SECOND_DEVICE,
                                    DIAGNOSIS_NO_SECOND_DEVICE_END},
};

typedef struct KeptRequest {
        uint64_t due_usec; /* when it is answered, ready or not */
        uint64_t read_usec;
        unsigned n_resends;
        int ifindex;
        size_t len;
        uint8_t bytes[KEPT_SIZE_MAX];
} KeptRequest;

/* What one stage's transfer was like, for the result. */
typedef struct StageReport {
        uint64_t usec;
        bool is_done;
} StageReport;

struct Recovery {
        RecoverySpec spec;
        ProgressTask *task;
        RecoveryState state;
        RecoveryResult result;
        TftpServer tftp;
        struct in_addr server_address, client_address, netmask;

        /* The session as it was told last. */
        SessionState session_state;
        uint64_t plug_usec;
        char *port; /* of the board; NULL: not known yet */
        char *id_path;

        /* The board that is there, or was last. */
        Stage stage;
        bool is_implied; /* it asked, but the session has not told of it */
        int ifindex;     /* of its requests; 0: none came */
        bool has_warned_class, has_warned_u_boot, has_warned_name, has_warned_slow;
        bool has_warned_held; /* of a board that cannot be taken */
        bool has_warned_flood;
        bool has_said_error;
        uint16_t said_error_code;
        char said_error[sizeof(((TftpProgress *) NULL)->error_text)]; /* why it broke off, last */
        uint64_t paid_usec;         /* up to when its requests use up what it may send */
        uint64_t fetch_usec;        /* when it first began to fetch its file; 0: not yet */
        bool has_given_up;          /* it left without asking for anything */
        KeptRequest kept[KEPT_MAX]; /* oldest first */
        size_t n_kept;

        uint64_t start_usec;
        uint64_t since_usec;      /* when the step that `state` stands for began */
        uint64_t alive_usec;      /* the last sign of life in it */
        uint64_t begin_usec;      /* when the first board came */
        bool has_said;            /* the step's row, once */
        uint64_t next_event_usec; /* of a transfer */
        unsigned n_rom_returns;
        unsigned n_departures;
        unsigned n_beginnings; /* of the file that is served now */
        StageReport reports[_STAGE_MAX];
        RecoveryLog log;
};

static const char *const stage_titles[_STAGE_MAX] = {
        [STAGE_ROM] = "ROM",
        [STAGE_SPL] = "SPL",
};

static const char *const file_titles[_STAGE_MAX] = {
        [STAGE_ROM] = "SPL",
        [STAGE_SPL] = "U-Boot",
};

/* --- saying it ------------------------------------------------------------------------------- */

/* A message, with the board's port before it where that is known. */
static void print(const Recovery *r, ProgressKind kind, const char *format, ...) _printf_(3, 4);

static void print(const Recovery *r, ProgressKind kind, const char *format, ...) {
        const char *port = recovery_get_port(r);
        char text[DETAIL_LEN_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        progress_print(r->spec.progress, kind, "%s%s%s", port ? port : "", port ? ": " : "", text);
}

/* An event of this board. */
#define EMIT(r, name, ...)                                                                  \
        progress_event((r)->spec.progress, (name),                                          \
                       EVENT_FIELDS(EVENT_TEXT("port", recovery_get_port(r)),               \
                                    EVENT_TEXT("session", (r)->spec.session) __VA_OPT__(, ) \
                                            __VA_ARGS__))

static void log_diagnosis(Recovery *r, Diagnosis diagnosis, const char *detail) {
        char text[2 * DETAIL_LEN_MAX];

        (void) snprintf(text, sizeof(text), "%s%s%s", diagnosis_get_sentence(diagnosis),
                        *detail ? ": " : "", detail);
        recovery_log_diagnosis(&r->log, diagnosis_to_string(diagnosis),
                               diagnosis_get_kind(diagnosis), text);
}

static void say(Recovery *r, Diagnosis diagnosis, const char *format, ...) _printf_(3, 4);

static void say(Recovery *r, Diagnosis diagnosis, const char *format, ...) {
        char detail[DETAIL_LEN_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(detail, sizeof(detail), format, args);
        va_end(args);
        diagnosis_say(diagnosis, r->spec.progress,
                      &(DiagnosisContext){
                              .port = recovery_get_port(r),
                              .session = r->spec.session,
                              .detail = detail,
                      });
        log_diagnosis(r, diagnosis, detail);
}

static const Firmware *get_file(const Recovery *r, Stage stage) {
        return stage == STAGE_ROM ? r->spec.spl : r->spec.u_boot;
}

/* What is going on from here on; a transfer shows itself. */
static void show_step(Recovery *r, uint64_t now_usec) {
        const char *what = NULL;

        switch (r->state) {
        case STATE_WAITING:
                what = "waiting for a board";
                break;
        case STATE_ASKING:
                what = r->stage == STAGE_ROM ? "ROM: waiting for its request"
                                             : "SPL: waiting for its request";
                break;
        case STATE_ANSWERED:
                what = r->stage == STAGE_ROM ? "ROM: waiting for it to fetch its SPL"
                                             : "SPL: waiting for it to fetch U-Boot";
                break;
        case STATE_LEFT:
                what = "waiting for the board to come back";
                break;
        case STATE_RETURNING:
                what = "waiting for the SPL on USB";
                break;
        case STATE_TRANSFER:
        case STATE_OVER:
                break;
        }

        if (what)
                progress_task_wait(r->task, what, now_usec);
        else
                progress_task_idle(r->task);
}

static void show_port(Recovery *r) {
        const char *port = recovery_get_port(r);

        if (r->spec.is_one_of_many && port)
                progress_task_set_label(r->task, port);
}

static void set_state(Recovery *r, uint64_t now_usec, RecoveryState state) {
        assert(r->state != STATE_OVER);

        r->state = state;
        r->since_usec = r->alive_usec = now_usec;
        r->has_said = false;
        show_step(r, now_usec);
}

static void finish(Recovery *r, RecoveryResult result) {
        static const char *const outcomes[] = {
                [RECOVERY_RESULT_NONE] = NULL,
                [RECOVERY_RESULT_DELIVERED] = "recovered",
                [RECOVERY_RESULT_FAILED] = "failed",
                [RECOVERY_RESULT_NO_BOARD] = "no-board",
        };

        if (r->state == STATE_OVER)
                return;
        progress_task_idle(r->task);
        EMIT(r, "recovery-ended", EVENT_TEXT("soc", r->spec.soc->name),
             EVENT_TEXT("outcome", outcomes[result]));
        r->state = STATE_OVER;
        r->result = result;
        r->n_kept = 0;
}

/* Something went wrong that the table of diagnoses does not have: a fault of the host's. In a record it
 * has the name of its event. */
static void fail(Recovery *r, const char *format, ...) _printf_(2, 3);

static void fail(Recovery *r, const char *format, ...) {
        char text[DETAIL_LEN_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);

        progress_task_idle(r->task);
        EMIT(r, "failure", EVENT_TEXT("text", text));
        print(r, PROGRESS_KIND_ERROR, "%s", text);
        recovery_log_diagnosis(&r->log, "failure", PROGRESS_KIND_ERROR, text);
        finish(r, RECOVERY_RESULT_FAILED);
}

/* --- getting stuck --------------------------------------------------------------------------- */

static Stuck find_stuck(const Recovery *r) {
        switch (r->state) {
        case STATE_WAITING:
                return STUCK_NO_BOARD;
        case STATE_ASKING:
                return r->stage == STAGE_ROM ? STUCK_ROM_SILENT : STUCK_SPL_SILENT;
        case STATE_ANSWERED:
                return STUCK_NO_TFTP;
        case STATE_TRANSFER:
                return STUCK_STALLED;
        case STATE_LEFT:
                if (r->has_given_up)
                        return STUCK_ROM_GAVE_UP;
                return r->stage == STAGE_SPL && !r->has_warned_u_boot ? STUCK_SPL_LEFT : STUCK_LEFT;
        case STATE_RETURNING:
                return STUCK_NO_SECOND_DEVICE;
        case STATE_OVER:
                return STUCK_NOT;
        }

        return STUCK_NOT;
}

static uint64_t add_usec(uint64_t a, uint64_t b) {
        return b >= USEC_INFINITY - a ? USEC_INFINITY : a + b;
}

/* When a board that fetches its file, again and again perhaps, has had enough time for it. */
static uint64_t get_fetch_end(const Recovery *r) {
        uint64_t usec;

        if (r->fetch_usec == 0 || (r->state != STATE_TRANSFER && r->state != STATE_ANSWERED))
                return USEC_INFINITY;
        usec = get_file(r, r->stage)->size * USEC_PER_SEC / FETCH_MIN_BYTES_PER_SEC;
        return r->fetch_usec + MAX_OF(usec, FETCH_MAX_USEC);
}

static uint64_t get_says_usec(const Recovery *r) {
        Stuck stuck = find_stuck(r);

        if (stuck == STUCK_NOT || r->has_said ||
            (stuck == STUCK_NO_BOARD && r->spec.is_one_of_many))
                return USEC_INFINITY;
        /* A transfer speaks up again after each pause; other steps once. */
        return add_usec(stuck == STUCK_STALLED ? r->alive_usec : r->since_usec,
                        stuck_table[stuck].says_after_usec);
}

static uint64_t get_fails_usec(const Recovery *r) {
        Stuck stuck = find_stuck(r);
        uint64_t fails_usec;

        if (stuck == STUCK_NOT)
                return USEC_INFINITY;
        if (stuck == STUCK_NO_BOARD)
                return add_usec(r->start_usec, r->spec.no_board_timeout_usec);

        fails_usec = add_usec(r->alive_usec, stuck_table[stuck].fails_after_usec);
        if (stuck == STUCK_NO_TFTP)
                fails_usec = MIN_OF(fails_usec, add_usec(r->since_usec, ANSWERED_MAX_USEC));
        return MIN_OF(fails_usec, get_fetch_end(r));
}

/* What makes a row's sentence concrete: what is there instead, how far it came, which name was asked for in vain. */
static const char *format_detail(const Recovery *r, char buffer[static DETAIL_LEN_MAX]) {
        const TftpProgress *p = tftp_server_get_progress(&r->tftp);
        const char *wrong_name = tftp_server_get_wrong_name(&r->tftp);
        char phrase[USB_DEVICE_PHRASE_LEN_MAX];

        buffer[0] = '\0';
        if ((r->state == STATE_WAITING || r->state == STATE_RETURNING) && recovery_get_port(r))
                (void) snprintf(
                        buffer, DETAIL_LEN_MAX, "%s",
                        r->spec.ops->describe_port(recovery_get_port(r), phrase, r->spec.userdata));
        if ((r->state == STATE_TRANSFER || r->state == STATE_LEFT) && p)
                (void) snprintf(buffer, DETAIL_LEN_MAX,
                                "%s, block %" PRIu64 " of %" PRIu64 " was the last acknowledged",
                                get_file(r, r->stage)->name, p->block, p->n_blocks);
        else if (r->state == STATE_ANSWERED && *wrong_name)
                (void) snprintf(buffer, DETAIL_LEN_MAX, "it asked for '%s'", wrong_name);
        return buffer;
}

static void say_stuck(Recovery *r) {
        char detail[DETAIL_LEN_MAX];

        r->has_said = true;
        say(r, stuck_table[find_stuck(r)].says, "%s", format_detail(r, detail));
}

static void fail_stuck(Recovery *r) {
        Stuck stuck = find_stuck(r);
        char detail[DETAIL_LEN_MAX];

        progress_task_idle(r->task);
        if (stuck == STUCK_SPL_SILENT && r->has_warned_u_boot)
                say(r, DIAGNOSIS_U_BOOT_ASKS_END, "%s", "");
        else if (stuck != STUCK_NO_BOARD || !r->spec.is_one_of_many)
                say(r, stuck_table[stuck].fails, "%s", format_detail(r, detail));
        finish(r, stuck == STUCK_NO_BOARD ? RECOVERY_RESULT_NO_BOARD : RECOVERY_RESULT_FAILED);
}

static void fail_fetch(Recovery *r) {
        char detail[DETAIL_LEN_MAX];

        progress_task_idle(r->task);
        say(r, DIAGNOSIS_SLOW_END, "%s", format_detail(r, detail));
        finish(r, RECOVERY_RESULT_FAILED);
}

/* Says or ends what is due. */
static void check_stuck(Recovery *r, uint64_t now_usec) {
        if (r->state != STATE_OVER && now_usec >= get_fetch_end(r))
                fail_fetch(r);
        else if (r->state != STATE_OVER && now_usec >= get_fails_usec(r))
                fail_stuck(r);
        else if (r->state != STATE_OVER && now_usec >= get_says_usec(r))
                say_stuck(r);
}

/* The ROM is there, or asks, although it was sent its SPL. Returns false if the run is over with this. */
static bool count_return(Recovery *r) {
        r->reports[STAGE_ROM].is_done = false;
        if (++r->n_rom_returns >= ROM_RETURNS_MAX) {
                progress_task_idle(r->task);
                say(r, DIAGNOSIS_ROM_BACK_END, "%s", "");
                finish(r, RECOVERY_RESULT_FAILED);
                return false;
        }
        say(r, DIAGNOSIS_ROM_BACK, "%s", "");
        return true;
}

/* --- TFTP ------------------------------------------------------------------------------------ */

static bool is_at_stage_end(const TftpProgress *p) {
        if (p->state == TFTP_STATE_DONE)
                return true;
        /* The board left, or closed its port, after the last block: it has it. If it only fell
         * silent, the engine's patience has run out instead. */
        return p->state == TFTP_STATE_UNCONFIRMED &&
               p->end_usec - MAX_OF(p->start_usec, p->last_ack_usec) < TFTP_PATIENCE_USEC;
}

static void report_result(Recovery *r, uint64_t now_usec) {
        double total_sec = (double) (now_usec - r->begin_usec) / USEC_PER_SEC;
        const char *port = recovery_get_port(r);
        char amounts[_STAGE_MAX][TEXT_AMOUNT_LEN_MAX];
        const Firmware *spl = r->spec.spl, *u_boot = r->spec.u_boot;

        EMIT(r, "recovered", EVENT_TEXT("soc", r->spec.soc->name),
             EVENT_SECONDS("duration_sec", now_usec - r->begin_usec));
        (void) text_format_amount(amounts[STAGE_SPL], u_boot->size, r->reports[STAGE_SPL].usec);
        if (spl && r->reports[STAGE_ROM].is_done) {
                (void) text_format_amount(amounts[STAGE_ROM], spl->size,
                                          r->reports[STAGE_ROM].usec);
                progress_result(r->spec.progress, "%s on port %s recovered in %.1f s: %s %s, %s %s",
                                r->spec.soc->name, port ? port : "?", total_sec, spl->name,
                                amounts[STAGE_ROM], u_boot->name, amounts[STAGE_SPL]);
        } else
                progress_result(r->spec.progress, "%s on port %s recovered in %.1f s: %s %s",
                                r->spec.soc->name, port ? port : "?", total_sec, u_boot->name,
                                amounts[STAGE_SPL]);
}

static void on_stage_done(Recovery *r, uint64_t now_usec, const TftpProgress *p) {
        uint64_t until_usec = p->state == TFTP_STATE_DONE ? p->end_usec : p->last_ack_usec;
        StageReport *report = &r->reports[r->stage];
        char amount[TEXT_AMOUNT_LEN_MAX], repeated[64] = "";

        report->is_done = true;
        report->usec = until_usec > p->start_usec ? until_usec - p->start_usec : 1;
        recovery_log_transfer(&r->log, p);
        /* Of a file that is one block, which nobody acknowledged, there is no other time. */
        recovery_log_time(&r->log, RECORD_TIME_LAST_BLOCK, until_usec > 0 ? until_usec : now_usec);
        if (p->n_retransmissions > 0)
                (void) snprintf(repeated, sizeof(repeated), ", %" PRIu32 " packets repeated",
                                p->n_retransmissions);

        progress_task_idle(r->task);
        EMIT(r, "served", EVENT_TEXT("stage", stage_to_string(r->stage)),
             EVENT_TEXT("file", get_file(r, r->stage)->name), EVENT_NUMBER("size_bytes", p->size),
             EVENT_SECONDS("duration_sec", report->usec),
             EVENT_NUMBER("rate_bytes_per_sec", text_get_rate(p->size, report->usec)),
             EVENT_NUMBER("repeated_packets", p->n_retransmissions));
        print(r, PROGRESS_KIND_NOTE, "%s served: %s, %s%s",
              r->stage == STAGE_ROM ? "ROM" : "U-Boot", get_file(r, r->stage)->name,
              text_format_amount(amount, p->size, report->usec), repeated);

        if (r->stage == STAGE_ROM) {
                set_state(r, now_usec, STATE_RETURNING);
                return;
        }
        report_result(r, now_usec);
        finish(r, RECOVERY_RESULT_DELIVERED);
}

static void on_transfer_begun(Recovery *r, uint64_t now_usec) {
        const TftpProgress *p = tftp_server_get_progress(&r->tftp);

        recovery_log_begin_transfer(&r->log);
        if (r->state == STATE_LEFT)
                return; /* a request that was on its way when the board left */
        /* A ROM that has its SPL and asks again could not start it. */
        if (r->state == STATE_RETURNING && !count_return(r))
                return;
        /* Each is a sign of life; but it could go on like this for ever. */
        if (++r->n_beginnings >= BEGINNINGS_MAX) {
                progress_task_idle(r->task);
                say(r, DIAGNOSIS_BEGINS_ANEW_END, "%s", "");
                finish(r, RECOVERY_RESULT_FAILED);
                return;
        }
        if (r->fetch_usec == 0)
                r->fetch_usec = now_usec;
        r->has_warned_slow = false;
        set_state(r, now_usec, STATE_TRANSFER);
        r->next_event_usec = now_usec + TRANSFER_EVENT_EVERY_USEC;
        EMIT(r, "transfer-started", EVENT_TEXT("stage", stage_to_string(r->stage)),
             EVENT_TEXT("file", get_file(r, r->stage)->name), EVENT_NUMBER("size_bytes", p->size),
             EVENT_NUMBER("blksize_bytes", p->blksize),
             EVENT_NUMBER("windowsize_blocks", p->windowsize));
        print(r, PROGRESS_KIND_DETAIL, "%s fetches %s in blocks of %u bytes, %u at a time",
              stage_titles[r->stage], get_file(r, r->stage)->name, p->blksize, p->windowsize);
}

/* U-Boot that has no name for its file makes one of its address: "C0A80065.img". */
static bool is_made_of_address(const char *name) {
        return strspn(name, "0123456789ABCDEF") == 8 && streq(name + 8, ".img");
}

static void on_wrong_name(Recovery *r) {
        const char *name = tftp_server_get_wrong_name(&r->tftp);

        if (r->has_warned_name || !*name)
                return;
        r->has_warned_name = true;
        say(r, is_made_of_address(name) ? DIAGNOSIS_HEX_NAME : DIAGNOSIS_OTHER_NAME, "'%s'", name);
}

/* A board may break off again and again, each time for the same reason: once is enough. */
static void say_board_error(Recovery *r, const TftpProgress *p) {
        if (r->has_said_error && r->said_error_code == p->error_code &&
            streq(r->said_error, p->error_text))
                return;
        r->has_said_error = true;
        r->said_error_code = p->error_code;
        (void) stpcpy(r->said_error, p->error_text);
        say(r, DIAGNOSIS_BOARD_ERROR, "%s (TFTP error %u)",
            *p->error_text ? p->error_text : "no reason given", p->error_code);
}

static void on_transfer_failed(Recovery *r, uint64_t now_usec, const TftpProgress *p) {
        switch (p->state) {

        case TFTP_STATE_PEER_ERROR:
                /* It may ask again; what it says now is what somebody will want to know. */
                say_board_error(r, p);
                set_state(r, now_usec, STATE_ANSWERED);
                break;

        case TFTP_STATE_TIMED_OUT:
        case TFTP_STATE_UNCONFIRMED:
                fail_stuck(r);
                break;

        case TFTP_STATE_ABANDONED:
                /* The way to the board was gone for a moment, or the board is. */
                set_state(r, now_usec, STATE_ANSWERED);
                break;

        case TFTP_STATE_REPLACED:
        case TFTP_STATE_NONE:
        case TFTP_STATE_OACK:
        case TFTP_STATE_DATA:
        case TFTP_STATE_FINAL:
        case TFTP_STATE_DONE:
                break;
        }
}

static void on_transfer_ended(Recovery *r, uint64_t now_usec, const TftpProgress *p) {
        const TftpProgress *latest = tftp_server_get_progress(&r->tftp);

        if (r->state != STATE_TRANSFER)
                return;
        /* Who begins anew, from another port, does not have it. */
        if (latest && latest->start_usec > p->start_usec && p->state != TFTP_STATE_DONE)
                return;
        if (is_at_stage_end(p))
                on_stage_done(r, now_usec, p);
        else if (!latest || latest->end_usec != 0) /* else the board has begun another since */
                on_transfer_failed(r, now_usec, p);
}

static bool is_block(const TftpDatagram *datagram) {
        return tftp_packet_opcode(datagram->header, datagram->header_len) == TFTP_OPCODE_DATA;
}

/* Carries out one action. Returns an UdpSent or a negative errno. */
static int run_action(Recovery *r, uint64_t now_usec, const TftpAction *action) {
        const RecoveryOps *ops = r->spec.ops;
        int k;

        switch (action->type) {

        case TFTP_ACTION_REPLY:
                return ops->send_tftp_reply(&action->peer, &action->datagram, r->spec.userdata);

        case TFTP_ACTION_CONNECT:
                k = ops->connect_slot(action->slot, &action->peer, r->spec.userdata);
                if (k > 0)
                        tftp_server_handle_connect_failed(&r->tftp, now_usec, action->slot);
                return k;

        case TFTP_ACTION_SEND:
                k = ops->send_slot(action->slot, &action->datagram, r->spec.userdata);
                if (k == UDP_SENT_UNREACHABLE)
                        tftp_server_handle_unreachable(&r->tftp, now_usec, action->slot);
                if (k == UDP_SENT && is_block(&action->datagram))
                        recovery_log_time(&r->log, RECORD_TIME_FIRST_BLOCK, now_usec);
                return k;

        case TFTP_ACTION_DISCONNECT:
                k = ops->disconnect_slot(action->slot, r->spec.userdata);
                if (k >= 0)
                        on_transfer_ended(r, now_usec, &action->progress);
                return k;
        }

        return 0;
}

/* Says so if the board fetches its file, but far too slowly. */
static void check_speed(Recovery *r, uint64_t now_usec, const TftpProgress *p) {
        uint64_t elapsed_usec = now_usec - p->start_usec;

        /* Of one that stands still something else is said. */
        if (r->has_warned_slow || elapsed_usec < SLOW_AFTER_USEC || p->last_ack_usec != now_usec ||
            p->bytes_acked * USEC_PER_SEC / elapsed_usec >= SLOW_BYTES_PER_SEC)
                return;
        r->has_warned_slow = true;
        say(r, DIAGNOSIS_SLOW, "%.0f KiB/s, %" PRIu32 " packets repeated",
            (double) p->bytes_acked / 1024 * USEC_PER_SEC / (double) elapsed_usec,
            p->n_retransmissions);
}

/* Follows how far the transfer is. */
static void follow_transfer(Recovery *r, uint64_t now_usec) {
        const TftpProgress *p = tftp_server_get_progress(&r->tftp);

        if (p)
                recovery_log_transfer(&r->log, p);
        if (r->state != STATE_TRANSFER || !p)
                return;

        if (p->last_ack_usec > r->alive_usec) {
                r->alive_usec = p->last_ack_usec;
                r->has_said = false;
        }
        progress_task_transfer(r->task, file_titles[r->stage], p->bytes_acked, p->size, now_usec);
        if (now_usec >= r->next_event_usec) {
                uint64_t elapsed_usec = now_usec - p->start_usec;

                r->next_event_usec = now_usec + TRANSFER_EVENT_EVERY_USEC;
                EMIT(r, "transfer", EVENT_TEXT("stage", stage_to_string(r->stage)),
                     EVENT_NUMBER("done_bytes", p->bytes_acked),
                     EVENT_NUMBER("size_bytes", p->size),
                     EVENT_SECONDS("elapsed_sec", elapsed_usec),
                     EVENT_NUMBER("rate_bytes_per_sec",
                                  text_get_rate(p->bytes_acked, elapsed_usec)));
        }
        check_speed(r, now_usec, p);
}

/* After every input to the server: does what it wants. */
static void pump(Recovery *r, uint64_t now_usec) {
        TftpAction action;

        follow_transfer(r, now_usec);
        while (r->state != STATE_OVER && tftp_server_next(&r->tftp, now_usec, &action)) {
                int k = run_action(r, now_usec, &action);

                if (k < 0)
                        fail(r, "cannot serve the board: %s", strerror(-k));
        }
        follow_transfer(r, now_usec);
}

/* --- BOOTP ----------------------------------------------------------------------------------- */

static void keep(Recovery *r, uint64_t due_usec, uint64_t read_usec, unsigned n_resends,
                 int ifindex, const void *request, size_t len) {
        KeptRequest *kept;

        if (r->n_kept == KEPT_MAX) {
                memmove(r->kept, r->kept + 1, (KEPT_MAX - 1) * sizeof(KeptRequest));
                r->n_kept--;
        }
        kept = &r->kept[r->n_kept++];
        kept->due_usec = due_usec;
        kept->read_usec = read_usec;
        kept->n_resends = n_resends;
        kept->ifindex = ifindex;
        kept->len = MIN_OF(len, sizeof(kept->bytes));
        memcpy(kept->bytes, request, kept->len);
}

static BootpServer make_bootp_server(const Recovery *r, Stage stage) {
        return (BootpServer){
                .server_address = r->server_address,
                .client_address = r->client_address,
                .netmask = r->netmask,
                .lease_sec = LEASE_SEC,
                .file = get_file(r, stage)->name,
                .expected_classes = r->spec.soc->vendor_classes[stage],
                .other_classes =
                        r->spec.soc->vendor_classes[stage == STAGE_ROM ? STAGE_SPL : STAGE_ROM],
        };
}

static void warn_of_class(Recovery *r, const BootpAnswer *answer) {
        if (answer->client_class == BOOTP_CLIENT_MISMATCHED && !r->has_warned_class) {
                r->has_warned_class = true;
                say(r, DIAGNOSIS_WRONG_CLASS, "USB says %s, it calls itself '%s'",
                    stage_titles[r->stage], answer->vendor_class);
        }
        if (answer->client_class == BOOTP_CLIENT_UBOOT && !r->has_warned_u_boot) {
                r->has_warned_u_boot = true;
                say(r, DIAGNOSIS_U_BOOT_ASKS, "'%s'", answer->vendor_class);
        }
}

static void tell_of_answer(const Recovery *r, const BootpAnswer *judged) {
        static const char *const reply_names[] = {
                [BOOTP_REPLY_NONE] = "none",   [BOOTP_REPLY_PLAIN] = "bootp",
                [BOOTP_REPLY_OFFER] = "offer", [BOOTP_REPLY_ACK] = "ack",
                [BOOTP_REPLY_NAK] = "nak",     [BOOTP_REPLY_INFORMED] = "informed",
        };
        static const char *const replies[] = {
                [BOOTP_REPLY_NONE] = "nothing",   [BOOTP_REPLY_PLAIN] = "a BOOTP reply",
                [BOOTP_REPLY_OFFER] = "an offer", [BOOTP_REPLY_ACK] = "its address",
                [BOOTP_REPLY_NAK] = "a refusal",  [BOOTP_REPLY_INFORMED] = "what it asked for",
        };

        char mac[STRLEN("00:00:00:00:00:00") + 1];

        (void) snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", judged->chaddr[0],
                        judged->chaddr[1], judged->chaddr[2], judged->chaddr[3], judged->chaddr[4],
                        judged->chaddr[5]);
        EMIT(r, "request-answered", EVENT_TEXT("stage", stage_to_string(r->stage)),
             EVENT_TEXT("mac", mac), EVENT_TEXT_OR_NULL("vendor_class", judged->vendor_class),
             EVENT_TEXT("reply", reply_names[judged->reply]));
        print(r, PROGRESS_KIND_DETAIL, "%s ('%s') asked and got %s", mac, judged->vendor_class,
              replies[judged->reply]);
}

static void on_answered(Recovery *r, uint64_t now_usec) {
        switch (r->state) {

        case STATE_RETURNING:
                /* Only a ROM that is still there can ask: its SPL did not start. */
                if (now_usec - r->since_usec >= ROM_ASKS_AGAIN_USEC && count_return(r))
                        set_state(r, now_usec, STATE_ANSWERED);
                break;

        case STATE_ASKING:
        case STATE_TRANSFER:
                /* A board that asks in mid-transfer has given the transfer up, or the frame is a
                 * late one; the engine's timer decides. */
                if (r->state == STATE_ASKING)
                        set_state(r, now_usec, STATE_ANSWERED);
                break;

        case STATE_ANSWERED:
                r->alive_usec = now_usec;
                break;

        case STATE_WAITING:
        case STATE_LEFT:
        case STATE_OVER:
                break;
        }
}

/* Once, also if its answer has to be sent again. */
static void log_request(Recovery *r, const KeptRequest *request, const BootpAnswer *judged) {
        if (request->n_resends > 0)
                return;
        recovery_log_request(&r->log, request->read_usec);
        if (r->stage == STAGE_ROM && judged->client_id_len > 0)
                recovery_log_asic_id(&r->log, judged->client_id, judged->client_id_len);
}

/* Answers one request, or not, as the server judges. */
static void answer(Recovery *r, uint64_t now_usec, const KeptRequest *request) {
        BootpServer server = make_bootp_server(r, r->stage);
        uint8_t reply[BOOTP_SIZE_MAX];
        BootpAnswer judged = {};
        size_t len = 0;
        int k;

        k = bootp_server_answer(&server, request->bytes, request->len, reply, &len, &judged);
        if (k == 0 || k == BOOTP_E_IGNORED) {
                log_request(r, request, &judged);
                warn_of_class(r, &judged);
        }
        if (k != 0)
                return;

        k = r->spec.ops->send_bootp(request->ifindex, reply, len, r->spec.userdata);
        if (k < 0) {
                fail(r, "cannot answer the board: %s", strerror(-k));
                return;
        }
        if (k > 0) {
                /* The ROM's next request comes only 4 s later: better try this one again. */
                if (request->n_resends < RESENDS_MAX)
                        keep(r, now_usec + RESEND_AFTER_USEC, request->read_usec,
                             request->n_resends + 1, request->ifindex, request->bytes,
                             request->len);
                return;
        }
        recovery_log_time(&r->log, RECORD_TIME_ANSWER, now_usec);
        tell_of_answer(r, &judged);
        if (request->ifindex > 0)
                r->ifindex = request->ifindex;
        on_answered(r, now_usec);
}

/* --- the board ------------------------------------------------------------------------------- */

static bool has_board(const Recovery *r) {
        return r->session_state == SESSION_STATE_ATTACHING ||
               r->session_state == SESSION_STATE_READY;
}

/* What was under way with the board that was there ends: after its last block, well. */
static void leave_board(Recovery *r, uint64_t now_usec) {
        tftp_server_handle_peer_gone(&r->tftp, now_usec);
        pump(r, now_usec);
        r->ifindex = 0;
        r->is_implied = false;
}

/* @plug_usec: 0: not known. A board that was there before us has waited for somebody else until then. */
static uint64_t limit_plug(const Recovery *r, uint64_t plug_usec) {
        return plug_usec > 0 ? MAX_OF(plug_usec, r->start_usec) : 0;
}

static void begin_board(Recovery *r, uint64_t now_usec, Stage stage, uint64_t plug_usec) {
        const Firmware *file = get_file(r, stage);
        bool is_spl_back = r->state == STATE_RETURNING && stage == STAGE_SPL;

        if (!file) {
                fail(r, "the board is in its ROM, and no --spl was given");
                return;
        }
        recovery_log_begin_stage(&r->log, stage, limit_plug(r, plug_usec));
        if (stage == STAGE_ROM && r->reports[STAGE_ROM].is_done && !count_return(r))
                return;

        if (r->begin_usec == 0)
                r->begin_usec = now_usec;
        r->stage = stage;
        r->has_warned_class = r->has_warned_u_boot = r->has_warned_name = false;
        r->has_warned_flood = r->has_said_error = false;
        r->paid_usec = 0;
        r->n_beginnings = 0;
        r->fetch_usec = 0;
        tftp_server_set_file(&r->tftp, now_usec, file->name, file->data, file->size);
        set_state(r, now_usec, STATE_ASKING);

        EMIT(r, is_spl_back ? "spl-back" : "board-found", EVENT_TEXT("soc", r->spec.soc->name),
             EVENT_TEXT("stage", stage_to_string(stage)));
        if (is_spl_back)
                print(r, PROGRESS_KIND_NOTE, "SPL back on USB");
        else
                print(r, PROGRESS_KIND_NOTE, "board found: %s, %s", r->spec.soc->name,
                      stage_titles[stage]);
}

/* Forgets what the board behind @ifindex asked; the next one's request may be there already. Of a board
 * that was never answered the index is not known (0), but then it had nothing that could bring the
 * next one up. */
static void forget_kept(Recovery *r, int ifindex) {
        size_t n = 0;

        for (size_t i = 0; i < r->n_kept; i++)
                if (ifindex > 0 && r->kept[i].ifindex != ifindex)
                        r->kept[n++] = r->kept[i];
        r->n_kept = n;
}

static void on_board_left(Recovery *r, uint64_t now_usec) {
        forget_kept(r, r->ifindex);
        leave_board(r, now_usec);

        switch (r->state) {

        case STATE_ASKING:
        case STATE_ANSWERED:
        case STATE_TRANSFER:
                r->n_departures++;
                r->has_given_up = r->state == STATE_ASKING && r->stage == STAGE_ROM;
                if (r->n_departures >= DEPARTURES_MAX) {
                        progress_task_idle(r->task);
                        say(r, DIAGNOSIS_KEEPS_LEAVING_END, "%s", "");
                        finish(r, RECOVERY_RESULT_FAILED);
                        return;
                }
                set_state(r, now_usec, STATE_LEFT);
                if (r->n_departures == DEPARTURES_ODD) {
                        say(r, DIAGNOSIS_KEEPS_LEAVING, "%u times so far", r->n_departures);
                        r->has_said = true;
                }
                break;

        case STATE_WAITING:
        case STATE_LEFT:
        case STATE_RETURNING:
        case STATE_OVER:
                break;
        }
}

/* Answers what was kept: all of it if the board is ready, else what is due. Stale requests of another
 * interface than the newest's are forgotten. */
static void answer_kept(Recovery *r, uint64_t now_usec) {
        KeptRequest kept[KEPT_MAX];
        size_t n = r->n_kept;
        int newest;

        if (n == 0)
                return;
        memcpy(kept, r->kept, n * sizeof(KeptRequest));
        newest = kept[n - 1].ifindex;
        r->n_kept = 0;

        for (size_t i = 0; i < n && r->state != STATE_OVER; i++) {
                bool is_due = now_usec >= kept[i].due_usec ||
                              (r->session_state == SESSION_STATE_READY && kept[i].n_resends == 0 &&
                               (r->ifindex == 0 || r->ifindex == kept[i].ifindex));

                if (kept[i].ifindex != newest)
                        continue;
                if (is_due)
                        answer(r, now_usec, &kept[i]);
                else
                        keep(r, kept[i].due_usec, kept[i].read_usec, kept[i].n_resends,
                             kept[i].ifindex, kept[i].bytes, kept[i].len);
        }
}

/* A request has waited long enough for a board that the session has not told of. What stage that is,
 * the board alone says; without a word, the one that comes next. */
static void imply_board(Recovery *r, uint64_t now_usec, const KeptRequest *request) {
        Stage stage = r->spec.first_stage;
        BootpMessage message = {};
        BootpClientClass class;
        BootpServer server;

        if (r->state == STATE_RETURNING)
                stage = STAGE_SPL;
        if (bootp_message_parse(request->bytes, request->len, &message) != 0 ||
            message.op != BOOTP_OP_REQUEST)
                return;

        server = make_bootp_server(r, stage);
        class = bootp_server_classify(&server, message.vendor_class, message.vendor_class_len);
        if (class == BOOTP_CLIENT_UBOOT)
                return;
        if (class == BOOTP_CLIENT_MISMATCHED && (stage == STAGE_ROM || r->spec.spl))
                stage = stage == STAGE_ROM ? STAGE_SPL : STAGE_ROM;

        leave_board(r, now_usec);
        if (r->state == STATE_OVER)
                return;
        begin_board(r, now_usec, stage, 0);
        r->is_implied = true;
}

/* --- inputs ---------------------------------------------------------------------------------- */

int recovery_new(const RecoverySpec *spec, Recovery **ret) {
        _cleanup_(recovery_freep) Recovery *r = NULL;
        int k;

        assert(spec);
        assert(spec->soc);
        assert(spec->spl || spec->first_stage == STAGE_SPL);
        assert(spec->u_boot);
        assert(spec->progress);
        assert(spec->ops);
        assert(ret);

        r = calloc(1, sizeof(Recovery));
        if (!r)
                return -ENOMEM;
        r->spec = *spec;
        k = progress_task_new(spec->progress, &r->task);
        if (k < 0)
                return k;
        show_port(r);
        r->start_usec = USEC_INFINITY;
        r->since_usec = USEC_INFINITY;
        r->stage = spec->first_stage;
        (void) inet_pton(AF_INET, SESSION_SERVER_ADDRESS, &r->server_address);
        (void) inet_pton(AF_INET, SESSION_CLIENT_ADDRESS, &r->client_address);
        (void) inet_pton(AF_INET, SESSION_NETMASK, &r->netmask);
        tftp_server_init(&r->tftp, RECOVERY_TFTP_SLOTS, NULL);

        *ret = TAKE_PTR(r);
        return 0;
}

Recovery *recovery_free(Recovery *r) {
        if (!r)
                return NULL;

        progress_task_free(r->task);
        free(r->port);
        free(r->id_path);
        free(r);
        return NULL;
}

void recovery_start(Recovery *r, uint64_t now_usec) {
        assert(r);

        r->start_usec = now_usec;
        set_state(r, now_usec, STATE_WAITING);
}

/* Returns whether it is another one now. */
static bool take_name(char **name, const char *value) {
        char *copy;

        if (!value || !*value || streq_ptr(*name, value))
                return false;
        copy = strdup(value);
        if (!copy)
                return false;
        free(*name);
        *name = copy;
        return true;
}

static void take_port(Recovery *r, const SessionInfo *info) {
        if (take_name(&r->port, info->port))
                show_port(r);
        (void) take_name(&r->id_path, info->id_path);
}

static void on_board(Recovery *r, uint64_t now_usec, const SessionInfo *info, Stage stage,
                     bool is_same) {
        r->plug_usec = info->plug_usec;
        if (is_same)
                return;

        /* The half second of a request was over before this word came: nothing is new. */
        if (r->is_implied && stage == r->stage) {
                r->is_implied = false;
                recovery_log_time(&r->log, RECORD_TIME_PLUG, limit_plug(r, info->plug_usec));
                return;
        }

        leave_board(r, now_usec);
        if (r->state != STATE_OVER)
                begin_board(r, now_usec, stage, info->plug_usec);
}

void recovery_on_session(Recovery *r, uint64_t now_usec, const SessionInfo *info) {
        int state = session_state_from_string(info->state), stage = stage_from_string(info->stage);
        bool had_board, is_same;

        assert(r);

        /* A state that this client does not know is from a newer daemon; the next one may be
         * known again. */
        if (r->state == STATE_OVER || state < 0)
                return;

        had_board = has_board(r);
        r->session_state = (SessionState) state;

        switch (r->session_state) {

        case SESSION_STATE_FAILED:
                take_port(r, info);
                fail(r, "%s",
                     info->failure_text && *info->failure_text ? info->failure_text
                                                               : "the session failed");
                break;

        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_READY:
                if (stage < 0)
                        break;
                take_port(r, info);
                is_same = had_board && (Stage) stage == r->stage && info->plug_usec == r->plug_usec;
                on_board(r, now_usec, info, (Stage) stage, is_same);
                if (r->session_state == SESSION_STATE_READY && r->state != STATE_OVER) {
                        recovery_log_time(&r->log, RECORD_TIME_LINK, info->ready_usec);
                        answer_kept(r, now_usec);
                }
                break;

        case SESSION_STATE_IDLE:
        case SESSION_STATE_WAITING:
        case SESSION_STATE_DETACHED:
                if (had_board)
                        on_board_left(r, now_usec);
                break;

        case _SESSION_STATE_MAX:
                break;
        }

        check_stuck(r, now_usec);
}

void recovery_on_board_problem(Recovery *r, const char *port, Stage stage, const char *problem) {
        bool is_awaited;

        assert(r);
        assert(port);
        assert(problem);

        is_awaited = r->spec.first_stage == STAGE_SPL && stage == STAGE_SPL &&
                     (r->state == STATE_WAITING || r->state == STATE_LEFT);
        if (!is_awaited || r->has_warned_held)
                return;
        r->has_warned_held = true;
        diagnosis_say(
                DIAGNOSIS_HELD, r->spec.progress,
                &(DiagnosisContext){.port = port, .session = r->spec.session, .detail = problem});
}

void recovery_on_session_lost(Recovery *r, const char *why) {
        assert(r);
        assert(why);

        if (r->state != STATE_OVER)
                fail(r, "%s", why);
}

/* Whether a request is to be looked at; one that is too many costs no answer, and no line in a log. */
static bool take_request(Recovery *r, uint64_t now_usec) {
        uint64_t usec = MAX_OF(r->paid_usec, now_usec);

        if (usec - now_usec <= (REQUESTS_AT_ONCE_MAX - 1) * REQUEST_EVERY_USEC) {
                r->paid_usec = usec + REQUEST_EVERY_USEC;
                return true;
        }
        if (!r->has_warned_flood && r->begin_usec > 0) {
                r->has_warned_flood = true;
                say(r, DIAGNOSIS_FLOOD, "%s", "");
        }
        return false;
}

void recovery_on_bootp(Recovery *r, uint64_t now_usec, int ifindex, const void *request,
                       size_t len) {
        bool is_other;

        assert(r);
        assert(request || len == 0);

        if (r->state == STATE_OVER || !take_request(r, now_usec))
                return;

        is_other = r->ifindex > 0 && ifindex > 0 && ifindex != r->ifindex;
        keep(r, now_usec + KEPT_FOR_USEC, now_usec, 0, ifindex, request, len);
        if (r->session_state == SESSION_STATE_READY && !is_other)
                answer_kept(r, now_usec);
        check_stuck(r, now_usec);
}

void recovery_on_tftp_request(Recovery *r, uint64_t now_usec, const struct sockaddr_in *source,
                              bool is_broadcast, const void *packet, size_t len) {
        int k;

        assert(r);

        if (r->state == STATE_OVER || !take_request(r, now_usec))
                return;
        k = tftp_server_handle_request(&r->tftp, now_usec, source, is_broadcast, packet, len);
        if (k == 0)
                on_transfer_begun(r, now_usec);
        else if (k == TFTP_E_REFUSED)
                on_wrong_name(r);
        pump(r, now_usec);
}

void recovery_on_tftp_packet(Recovery *r, uint64_t now_usec, unsigned slot,
                             const struct sockaddr_in *source, const void *packet, size_t len) {
        assert(r);

        if (r->state == STATE_OVER)
                return;
        (void) tftp_server_handle_packet(&r->tftp, now_usec, slot, source, packet, len);
        pump(r, now_usec);
}

void recovery_on_tftp_unreachable(Recovery *r, uint64_t now_usec, unsigned slot) {
        assert(r);

        if (r->state == STATE_OVER)
                return;
        tftp_server_handle_unreachable(&r->tftp, now_usec, slot);
        pump(r, now_usec);
}

static uint64_t get_kept_deadline(const Recovery *r) {
        uint64_t usec = USEC_INFINITY;

        for (size_t i = 0; i < r->n_kept; i++)
                usec = MIN_OF(usec, r->kept[i].due_usec);
        return usec;
}

void recovery_on_timeout(Recovery *r, uint64_t now_usec) {
        assert(r);

        if (r->state == STATE_OVER)
                return;

        progress_tick(r->spec.progress, now_usec);
        if (now_usec >= get_kept_deadline(r)) {
                const KeptRequest *newest = &r->kept[r->n_kept - 1];
                bool is_other = r->ifindex > 0 && newest->ifindex != r->ifindex;

                if (!has_board(r) ? !r->is_implied : is_other)
                        imply_board(r, now_usec, newest);
                answer_kept(r, now_usec);
        }
        if (r->state == STATE_OVER)
                return;

        tftp_server_handle_timeout(&r->tftp, now_usec);
        pump(r, now_usec);
        check_stuck(r, now_usec);
}

uint64_t recovery_get_deadline(const Recovery *r) {
        uint64_t usec;

        assert(r);

        if (r->state == STATE_OVER)
                return USEC_INFINITY;

        usec = MIN_OF(get_kept_deadline(r), tftp_server_get_deadline(&r->tftp));
        usec = MIN_OF(usec, get_says_usec(r));
        usec = MIN_OF(usec, progress_get_deadline(r->spec.progress));
        return MIN_OF(usec, get_fails_usec(r));
}

bool recovery_has_served(const Recovery *r, Stage stage) {
        assert(r);

        return r->reports[stage].is_done;
}

bool recovery_has_begun(const Recovery *r) {
        assert(r);

        return r->begin_usec != 0;
}

const char *recovery_get_port(const Recovery *r) {
        assert(r);

        return r->port ? r->port : r->spec.port;
}

const char *recovery_get_id_path(const Recovery *r) {
        assert(r);

        return r->id_path;
}

const RecoveryLog *recovery_get_log(const Recovery *r) {
        assert(r);

        return &r->log;
}

RecoveryResult recovery_get_result(const Recovery *r) {
        assert(r);

        return r->result;
}

const char *recovery_get_stage_phrase(const Recovery *r, int ifindex) {
        static const char *const during[_STAGE_MAX] = {"ROM stage", "SPL stage"};
        static const char *const after[_STAGE_MAX] = {"after the ROM stage", "after the SPL stage"};
        bool is_other;

        assert(r);

        if (r->begin_usec == 0)
                return "before a board came";
        is_other = r->ifindex > 0 && ifindex > 0 && ifindex != r->ifindex;
        return (has_board(r) || r->is_implied) && !is_other ? during[r->stage] : after[r->stage];
}
