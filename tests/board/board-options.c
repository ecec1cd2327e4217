/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <getopt.h>
#include <stdio.h>

#include "board-options.h"
#include "parse-util.h"

static const char help[] =
        "sim-board --interface IF|--gadget N [OPTION]...\n"
        "\n"
        "A simulated AM335x that wants to be recovered over USB: the ROM asks for the SPL, the SPL\n"
        "asks for U-Boot. Prints one JSON object a line; the last one has event \"result\".\n"
        "\n"
        "Where:\n"
        "  --interface IF         raw frames on IF (one end of a veth pair, up)\n"
        "  --gadget N             a USB gadget on dummy_udc.N, from ROM to U-Boot (needs root,\n"
        "                         dummy_hcd and configfs)\n"
        "  --stage rom|spl|u-boot|all\n"
        "                         which stages; default all, which means ROM and SPL; may be\n"
        "                         repeated. u-boot: U-Boot proper asks for an address too\n"
        "\n"
        "What it must be given:\n"
        "  --spl FILE             the ROM compares byte for byte; the SPL runs only if equal\n"
        "  --u-boot FILE          the same for the SPL\n"
        "\n"
        "How it behaves:\n"
        "  --time-scale X         multiplies its own timers; default 1 (0.1: ten times faster)\n"
        "  --rom-checksum yes|no  UDP checksums of the ROM; default yes (U-Boot never has them)\n"
        "  --plain-bootp          an SPL without CMD_DHCP\n"
        "  --new-u-boot           an SPL from 2025.10 on: one xid, retries up to 60 s\n"
        "  --blksize N            that the SPL asks for; default 1468\n"
        "  --windowsize N         that the SPL asks for; default 1: not asked\n"
        "  --rom-vci, --spl-vci TEXT\n"
        "                         vendor class; default \"AM335x ROM\", \"AM335x U-Boot SPL\"\n"
        "  --rom-mac, --spl-mac MAC\n"
        "  --spl-delay SECONDS    from the ROM's end to the SPL's device; default 1, scaled\n"
        "  --host-timeout SECONDS that the SPL gives the host to bring RNDIS and then the link up;\n"
        "                         default 3, not scaled\n"
        "  --plug-on-input        with --gadget: ready, it waits (event \"armed\") to be plugged in\n"
        "                         until standard input has something to read, or ends: so many\n"
        "                         boards are plugged in together\n"
        "  --give-up SECONDS      end of everything; default 300, not scaled\n"
        "\n"
        "Faults; those with [STAGE:] apply to every stage without it:\n"
        "  --loss, --duplicate, --reorder, --delay [STAGE:]PERCENT\n"
        "                         of the frames in each direction\n"
        "  --delay-ms N           how late a delayed frame is; default 1500\n"
        "  --seed N               default 1\n"
        "  --pull-after STAGE:STEP\n"
        "                         pulled right after the step: plug, bootp-sent, offered,\n"
        "                         request-sent, bootp-answered, arp-sent, arp-answered, rrq-sent,\n"
        "                         oack, block=N, last-block (its ACK not sent), last-ack\n"
        "  --replug SECONDS       it is plugged in again as ROM, and not pulled a second time\n"
        "  --replug-for-ever SECONDS\n"
        "                         the same, but it is pulled each time, until --give-up\n"
        "  --silent-after STAGE:STEP\n"
        "                         sends nothing any more (rom:plug: no BOOTP; arp-answered: no RRQ;\n"
        "                         block=N: no ACK of a later block), but stays plugged in\n"
        "  --flood-after STAGE:STEP\n"
        "                         from then on repeats what it sent last, and does nothing else\n"
        "                         (plug: noise for BOOTP, TFTP, ARP; bootp-sent: its request; rrq-sent:\n"
        "                         the RRQ; block=N: the ACK)\n"
        "  --flood-rate N         how often in a second; default 1000\n"
        "  --crawl [STAGE:]MS     from its RRQ on, all that it sends is so late\n"
        "  --error-after STAGE:STEP\n"
        "                         breaks its transfer off by a TFTP ERROR after the step: oack,\n"
        "                         block=N\n"
        "  --error-text TEXT      what it says then; default \"File too large\"\n"
        "  --ask-for [STAGE:]NAME asks for that file, whatever it was told\n"
        "  --no-spl-device        the SPL has no USB: no second device\n"
        "  --no-spl-dhcp          the second device comes, but never asks\n"
        "  --rom-again N          the ROM comes back N times after its SPL was sent\n"
        "  --arp-answer yes|no    answers the host's ARP requests (the ROM may not); default yes\n"
        "  --nonsense [STAGE:]KIND\n"
        "                         before the first good request, a bad one: op, htype, hlen, short,\n"
        "                         empty, no-end, overrun, giaddr, magic; rrq-no-nul, rrq-path,\n"
        "                         rrq-netascii, rrq-unknown, wrq, option-storm, opcode, tiny; all.\n"
        "                         May be repeated\n"
        "\n"
        "Exit status: 0 every stage that was to run got its image, intact; 1 not; 2 usage.\n";

enum {
        OPT_INTERFACE = 256,
        OPT_GADGET,
        OPT_STAGE,
        OPT_SPL,
        OPT_UBOOT,
        OPT_TIME_SCALE,
        OPT_ROM_CHECKSUM,
        OPT_PLAIN_BOOTP,
        OPT_NEW_UBOOT,
        OPT_BLKSIZE,
        OPT_WINDOWSIZE,
        OPT_ROM_VCI,
        OPT_SPL_VCI,
        OPT_ROM_MAC,
        OPT_SPL_MAC,
        OPT_SPL_DELAY,
        OPT_HOST_TIMEOUT,
        OPT_PLUG_ON_INPUT,
        OPT_GIVE_UP,
        OPT_LOSS,
        OPT_DUPLICATE,
        OPT_REORDER,
        OPT_DELAY,
        OPT_DELAY_MS,
        OPT_SEED,
        OPT_PULL_AFTER,
        OPT_REPLUG,
        OPT_REPLUG_FOR_EVER,
        OPT_SILENT_AFTER,
        OPT_FLOOD_AFTER,
        OPT_FLOOD_RATE,
        OPT_CRAWL,
        OPT_ERROR_AFTER,
        OPT_ERROR_TEXT,
        OPT_ASK_FOR,
        OPT_NO_SPL_DEVICE,
        OPT_NO_SPL_DHCP,
        OPT_ROM_AGAIN,
        OPT_ARP_ANSWER,
        OPT_NONSENSE,
};

static const struct option long_options[] = {
        {"interface", required_argument, NULL, OPT_INTERFACE},
        {"gadget", required_argument, NULL, OPT_GADGET},
        {"stage", required_argument, NULL, OPT_STAGE},
        {"spl", required_argument, NULL, OPT_SPL},
        {"u-boot", required_argument, NULL, OPT_UBOOT},
        {"time-scale", required_argument, NULL, OPT_TIME_SCALE},
        {"rom-checksum", required_argument, NULL, OPT_ROM_CHECKSUM},
        {"plain-bootp", no_argument, NULL, OPT_PLAIN_BOOTP},
        {"new-u-boot", no_argument, NULL, OPT_NEW_UBOOT},
        {"blksize", required_argument, NULL, OPT_BLKSIZE},
        {"windowsize", required_argument, NULL, OPT_WINDOWSIZE},
        {"rom-vci", required_argument, NULL, OPT_ROM_VCI},
        {"spl-vci", required_argument, NULL, OPT_SPL_VCI},
        {"rom-mac", required_argument, NULL, OPT_ROM_MAC},
        {"spl-mac", required_argument, NULL, OPT_SPL_MAC},
        {"spl-delay", required_argument, NULL, OPT_SPL_DELAY},
        {"host-timeout", required_argument, NULL, OPT_HOST_TIMEOUT},
        {"plug-on-input", no_argument, NULL, OPT_PLUG_ON_INPUT},
        {"give-up", required_argument, NULL, OPT_GIVE_UP},
        {"loss", required_argument, NULL, OPT_LOSS},
        {"duplicate", required_argument, NULL, OPT_DUPLICATE},
        {"reorder", required_argument, NULL, OPT_REORDER},
        {"delay", required_argument, NULL, OPT_DELAY},
        {"delay-ms", required_argument, NULL, OPT_DELAY_MS},
        {"seed", required_argument, NULL, OPT_SEED},
        {"pull-after", required_argument, NULL, OPT_PULL_AFTER},
        {"replug", required_argument, NULL, OPT_REPLUG},
        {"replug-for-ever", required_argument, NULL, OPT_REPLUG_FOR_EVER},
        {"silent-after", required_argument, NULL, OPT_SILENT_AFTER},
        {"flood-after", required_argument, NULL, OPT_FLOOD_AFTER},
        {"flood-rate", required_argument, NULL, OPT_FLOOD_RATE},
        {"crawl", required_argument, NULL, OPT_CRAWL},
        {"error-after", required_argument, NULL, OPT_ERROR_AFTER},
        {"error-text", required_argument, NULL, OPT_ERROR_TEXT},
        {"ask-for", required_argument, NULL, OPT_ASK_FOR},
        {"no-spl-device", no_argument, NULL, OPT_NO_SPL_DEVICE},
        {"no-spl-dhcp", no_argument, NULL, OPT_NO_SPL_DHCP},
        {"rom-again", required_argument, NULL, OPT_ROM_AGAIN},
        {"arp-answer", required_argument, NULL, OPT_ARP_ANSWER},
        {"nonsense", required_argument, NULL, OPT_NONSENSE},
        {"help", no_argument, NULL, 'h'},
        {},
};

static int parse_yes_no(const char *string, bool *ret) {
        if (!streq(string, "yes") && !streq(string, "no"))
                return -EINVAL;
        *ret = streq(string, "yes");
        return 0;
}

static int parse_mac(const char *string, uint8_t ret[static MAC_LEN]) {
        int n = 0;

        if (sscanf(string, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &ret[0], &ret[1], &ret[2],
                   &ret[3], &ret[4], &ret[5], &n) != MAC_LEN ||
            string[n] != '\0')
                return -EINVAL;
        return 0;
}

static int parse_unsigned(const char *string, uint64_t min, uint64_t max, unsigned *ret) {
        uint64_t value = 0;
        int r = parse_u64(string, max, &value);

        if (r < 0 || value < min)
                return -EINVAL;
        *ret = (unsigned) value;
        return 0;
}

/* Cuts "STAGE:" off; returns the stages that are meant, as a mask: all of them without it. */
static unsigned split_stage(const char **value) {
        for (unsigned i = 0; i < _BOARD_STAGE_MAX; i++) {
                size_t len = strlen(board_stage_name(i));

                if (strncmp(*value, board_stage_name(i), len) == 0 && (*value)[len] == ':') {
                        *value += len + 1;
                        return 1u << i;
                }
        }
        return (1u << _BOARD_STAGE_MAX) - 1;
}

static int parse_stage(const char *value, BoardOptions *o) {
        bool is_known = false;

        if (streq(value, "all")) {
                o->has_stage[BOARD_ROM] = o->has_stage[BOARD_SPL] = true;
                return 0;
        }
        for (unsigned i = 0; i < _BOARD_STAGE_MAX; i++)
                if (streq(value, board_stage_name(i)))
                        o->has_stage[i] = is_known = true;
        return is_known ? 0 : -EINVAL;
}

/* Before it has the server's port, a board has nobody to send an ERROR to. */
static int parse_error_rule(const char *value, StepRule *ret) {
        StepRule rule;
        int r = step_rule_parse(value, &rule);

        if (r < 0)
                return r;
        if (rule.step != STEP_OACK && rule.step != STEP_BLOCK)
                return -EINVAL;
        *ret = rule;
        return 0;
}

static int parse_file_name(const char *value, const char **ret) {
        if (*value == '\0' || strlen(value) > FILE_NAME_MAX)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* The options that are given for a stage. */
static int parse_stage_option(int option, const char *value, BoardOptions *o) {
        unsigned mask = split_stage(&value), percent = 0;
        int r = 0;

        if (option == OPT_LOSS || option == OPT_DUPLICATE || option == OPT_REORDER ||
            option == OPT_DELAY)
                r = parse_unsigned(value, 0, 100, &percent);
        for (unsigned i = 0; i < _BOARD_STAGE_MAX && r >= 0; i++) {
                StageOptions *stage = &o->stages[i];

                if (!(mask & 1u << i))
                        continue;
                if (option == OPT_LOSS)
                        stage->faults.loss = percent;
                else if (option == OPT_DUPLICATE)
                        stage->faults.duplicate = percent;
                else if (option == OPT_REORDER)
                        stage->faults.reorder = percent;
                else if (option == OPT_DELAY)
                        stage->faults.delay = percent;
                else if (option == OPT_PULL_AFTER)
                        r = step_rule_parse(value, &stage->pull);
                else if (option == OPT_SILENT_AFTER)
                        r = step_rule_parse(value, &stage->silent);
                else if (option == OPT_CRAWL)
                        r = parse_unsigned(value, 0, 60000, &stage->crawl_ms);
                else if (option == OPT_FLOOD_AFTER)
                        r = step_rule_parse(value, &stage->flood);
                else if (option == OPT_ERROR_AFTER)
                        r = parse_error_rule(value, &stage->error);
                else if (option == OPT_ASK_FOR)
                        r = parse_file_name(value, &stage->ask_for);
                else
                        r = nonsense_parse(value, &stage->nonsense);
        }
        return r;
}

static int parse_time_scale(const char *value, double *ret) {
        char *end = NULL;

        *ret = strtod(value, &end);
        return end == value || *end != '\0' || !(*ret > 0 && *ret <= 1000) ? -EINVAL : 0;
}

static int parse_option(int option, const char *value, BoardOptions *o, bool *has_gadget) {
        const uint64_t max_usec = UINT64_C(24) * 3600 * USEC_PER_SEC;

        switch (option) {
        case OPT_INTERFACE:
                o->interface = value;
                return 0;
        case OPT_GADGET:
                *has_gadget = true;
                return parse_unsigned(value, 0, 31, &o->gadget);
        case OPT_STAGE:
                return parse_stage(value, o);
        case OPT_SPL:
                o->stages[BOARD_ROM].image_path = value;
                return 0;
        case OPT_UBOOT:
                o->stages[BOARD_SPL].image_path = value;
                return 0;
        case OPT_TIME_SCALE:
                return parse_time_scale(value, &o->time_scale);
        case OPT_ROM_CHECKSUM:
                return parse_yes_no(value, &o->has_rom_checksum);
        case OPT_PLAIN_BOOTP:
                o->wants_plain_bootp = true;
                return 0;
        case OPT_NEW_UBOOT:
                o->is_new_u_boot = true;
                return 0;
        case OPT_BLKSIZE:
                return parse_unsigned(value, 8, 1468, &o->block_size);
        case OPT_WINDOWSIZE:
                return parse_unsigned(value, 1, 65535, &o->window_size);
        case OPT_ROM_VCI:
                o->stages[BOARD_ROM].vci = value;
                return strlen(value) <= 32 ? 0 : -EINVAL;
        case OPT_SPL_VCI:
                o->stages[BOARD_SPL].vci = value;
                return strlen(value) <= 64 ? 0 : -EINVAL;
        case OPT_ROM_MAC:
                return parse_mac(value, o->stages[BOARD_ROM].mac);
        case OPT_SPL_MAC:
                return parse_mac(value, o->stages[BOARD_SPL].mac);
        case OPT_SPL_DELAY:
                return parse_seconds(value, max_usec, &o->spl_delay_usec);
        case OPT_HOST_TIMEOUT:
                return parse_seconds(value, max_usec, &o->host_timeout_usec);
        case OPT_PLUG_ON_INPUT:
                o->plugs_on_input = true;
                return 0;
        case OPT_GIVE_UP:
                return parse_seconds(value, max_usec, &o->give_up_usec);
        case OPT_DELAY_MS:
                return parse_unsigned(value, 0, 60000, &o->delay_ms);
        case OPT_SEED:
                return parse_u64(value, UINT64_MAX, &o->seed);
        case OPT_FLOOD_RATE:
                return parse_unsigned(value, 1, 1000000, &o->flood_rate);
        case OPT_REPLUG_FOR_EVER:
                o->replugs_for_ever = true;
                return parse_seconds(value, max_usec, &o->replug_usec);
        case OPT_REPLUG:
                return parse_seconds(value, max_usec, &o->replug_usec);
        case OPT_ERROR_TEXT:
                o->error_text = value;
                return strlen(value) <= ERROR_TEXT_MAX ? 0 : -EINVAL;
        case OPT_NO_SPL_DEVICE:
                o->has_spl_device = false;
                return 0;
        case OPT_NO_SPL_DHCP:
                o->has_spl_dhcp = false;
                return 0;
        case OPT_ROM_AGAIN:
                return parse_unsigned(value, 0, 1000, &o->n_rom_again);
        case OPT_ARP_ANSWER:
                return parse_yes_no(value, &o->answers_arp);
        default:
                return parse_stage_option(option, value, o);
        }
}

static void set_defaults(BoardOptions *o) {
        static const uint8_t rom_mac[MAC_LEN] = {0xd0, 0x39, 0x72, 0x01, 0x02, 0x03};
        static const uint8_t spl_mac[MAC_LEN] = {0xde, 0xad, 0xbe, 0xef, 0x00, 0x01};

        *o = (BoardOptions){
                .time_scale = 1,
                .seed = 1,
                .delay_ms = 1500,
                .spl_delay_usec = USEC_PER_SEC,
                .host_timeout_usec = 3 * USEC_PER_SEC,
                .give_up_usec = 300 * USEC_PER_SEC,
                .replug_usec = USEC_INFINITY,
                .flood_rate = 1000,
                .has_rom_checksum = true,
                .answers_arp = true,
                .window_size = 1,
                .block_size = 1468,
                .error_text = "File too large",
                .has_spl_device = true,
                .has_spl_dhcp = true,
        };
        o->stages[BOARD_ROM].vci = "AM335x ROM";
        o->stages[BOARD_SPL].vci = "AM335x U-Boot SPL";
        o->stages[BOARD_UBOOT].vci = "U-Boot.armv7";
        memcpy(o->stages[BOARD_ROM].mac, rom_mac, MAC_LEN);
        memcpy(o->stages[BOARD_SPL].mac, spl_mac, MAC_LEN);
}

int board_options_parse(int argc, char *argv[], BoardOptions *ret) {
        bool has_gadget = false;
        int option, index = 0;

        set_defaults(ret);
        while ((option = getopt_long(argc, argv, "h", long_options, &index)) >= 0) {
                if (option == 'h') {
                        fputs(help, stdout);
                        return 1;
                }
                if (option == '?')
                        return -EINVAL;
                if (parse_option(option, optarg, ret, &has_gadget) < 0) {
                        fprintf(stderr, "sim-board: --%s: \"%s\" is not valid\n",
                                long_options[index].name, optarg);
                        return -EINVAL;
                }
        }
        if (optind != argc || !ret->interface == !has_gadget) {
                fputs("sim-board: give one of --interface and --gadget, and no other argument; see "
                      "--help\n",
                      stderr);
                return -EINVAL;
        }
        if (!ret->has_stage[BOARD_ROM] && !ret->has_stage[BOARD_SPL] &&
            !ret->has_stage[BOARD_UBOOT])
                ret->has_stage[BOARD_ROM] = ret->has_stage[BOARD_SPL] = true;
        memcpy(ret->stages[BOARD_UBOOT].mac, ret->stages[BOARD_SPL].mac, MAC_LEN);
        return 0;
}

uint64_t board_options_scale(const BoardOptions *options, uint64_t usec) {
        return (uint64_t) ((double) usec * options->time_scale);
}
