/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "diagnosis.h"

#include <assert.h>

/* A line and what comes before it fit 80 columns, but for details. */
static const struct {
        const char *name; /* in events and records: stable */
        ProgressKind kind;
        const char *lines[DIAGNOSIS_LINES_MAX + 1]; /* NULL-terminated */
} table[_DIAGNOSIS_MAX] = {
        [DIAGNOSIS_NO_BOARD] =
                {"no-board",
                 PROGRESS_KIND_NOTE,
                 {"no board so far",
                  "is the cable in the board's USB device port, and does it carry data?",
                  "do boot pins or boot button select USB, and is no bootable card in?",
                  "then power it off and on (a reset will not do); see 'snagctl list'"}},
        [DIAGNOSIS_NO_BOARD_END] = {"no-board-end",
                                    PROGRESS_KIND_ERROR,
                                    {"no board came in time",
                                     "'snagctl list' shows what is plugged in"}},
        [DIAGNOSIS_ROM_SILENT] =
                {"rom-silent",
                 PROGRESS_KIND_NOTE,
                 {"the ROM has not asked for an address (BOOTP) yet",
                  "it asks after 4, 8, 16 … 128 s: the next time may be minutes off",
                  "wait, or power the board off and on again"}},
        [DIAGNOSIS_ROM_SILENT_END] =
                {"rom-silent-end",
                 PROGRESS_KIND_ERROR,
                 {"the ROM never asked for an address (BOOTP)",
                  "what it sends does not arrive, or it hangs",
                  "power it off and on; try another cable, a port without a hub"}},
        [DIAGNOSIS_ROM_GAVE_UP] =
                {"rom-gave-up",
                 PROGRESS_KIND_WARNING,
                 {"the ROM left USB without asking for anything",
                  "it was unplugged, or gave USB up for the next boot device, often",
                  "the serial port: then the console shows 'CCCC'",
                  "power the board off and on again; this goes on waiting for it"}},
        [DIAGNOSIS_ROM_GAVE_UP_END] =
                {"rom-gave-up-end",
                 PROGRESS_KIND_ERROR,
                 {"the ROM did not come back to USB",
                  "it boots from something else now, or has no power",
                  "power it off, and on again while 'snagctl recover' waits for it"}},
        [DIAGNOSIS_SPL_SILENT] =
                {"spl-silent",
                 PROGRESS_KIND_NOTE,
                 {"the SPL is there but has not asked for an address (DHCP) yet",
                  "it asks at once when it can; its serial console says what it does"}},
        [DIAGNOSIS_SPL_SILENT_END] =
                {"spl-silent-end",
                 PROGRESS_KIND_ERROR,
                 {"the SPL never asked for an address (DHCP)",
                  "an SPL gives this computer 3 s to set USB up, and hangs then",
                  "power it off and on again; its serial console says more",
                  "or something else has the USB ids of an SPL"}},
        [DIAGNOSIS_NO_TFTP] =
                {"no-tftp",
                 PROGRESS_KIND_NOTE,
                 {"the board was told its address and file, but does not fetch it (TFTP)",
                  "it may not have heard the answer: then it asks again by itself"}},
        [DIAGNOSIS_NO_TFTP_END] = {"no-tftp-end",
                                   PROGRESS_KIND_ERROR,
                                   {"the board never fetched its file (TFTP)",
                                    "it does not hear the answers, or does not like them",
                                    "power it off and on again, and look at its serial console"}},
        [DIAGNOSIS_STALLED] =
                {"stalled",
                 PROGRESS_KIND_NOTE,
                 {"the board does not acknowledge what is sent",
                  "what got lost is sent again; has it crashed, or is the cable bad?"}},
        [DIAGNOSIS_STALLED_END] = {"stalled-end",
                                   PROGRESS_KIND_ERROR,
                                   {"the board stopped fetching its file",
                                    "it may have crashed, or the cable is bad",
                                    "power it off and on again; try another cable"}},
        [DIAGNOSIS_LEFT] = {"left",
                            PROGRESS_KIND_NOTE,
                            {"the board left before it had its file",
                             "it was reset or unplugged; waiting for it to come back"}},
        [DIAGNOSIS_LEFT_END] = {"left-end",
                                PROGRESS_KIND_ERROR,
                                {"the board did not come back to its port",
                                 "check cable and power"}},
        [DIAGNOSIS_SPL_LEFT] =
                {"spl-left",
                 PROGRESS_KIND_NOTE,
                 {"the SPL left USB before it had U-Boot",
                  "it gave up, or was reset or unplugged; waiting for it to come back",
                  "if it gave up, it hangs now: power the board off and on again"}},
        [DIAGNOSIS_SPL_LEFT_END] = {"spl-left-end",
                                    PROGRESS_KIND_ERROR,
                                    {"the SPL did not come back to USB",
                                     "it gave up, which its serial console tells, or has no power",
                                     "power the board off and on again"}},
        [DIAGNOSIS_NO_SECOND_DEVICE] =
                {"no-second-device",
                 PROGRESS_KIND_NOTE,
                 {"the ROM has its SPL, but the SPL has not come up on USB yet",
                  "that takes one to three seconds; its serial console says more"}},
        [DIAGNOSIS_NO_SECOND_DEVICE_END] =
                {"no-second-device-end",
                 PROGRESS_KIND_ERROR,
                 {"the SPL did not come up on USB",
                  "it is for another board (whose DRAM has other settings), lacks",
                  "CONFIG_SPL_USB_ETHER, or has USB ids of its own: snagd(8), BOARDS",
                  "its serial console says more, and lsusb what is there"}},
        [DIAGNOSIS_KEEPS_LEAVING] =
                {"keeps-leaving",
                 PROGRESS_KIND_WARNING,
                 {"the board keeps coming and going",
                  "its USB starts over again and again: a bad cable, hub or supply",
                  "try another cable, a port without a hub, the board's own supply"}},
        [DIAGNOSIS_KEEPS_LEAVING_END] = {"keeps-leaving-end",
                                         PROGRESS_KIND_ERROR,
                                         {"the board left its port 10 times before it had its file",
                                          "check cable and power"}},
        [DIAGNOSIS_ROM_BACK] = {"rom-back",
                                PROGRESS_KIND_WARNING,
                                {"the ROM is back after its SPL was sent",
                                 "the SPL crashed, or the board was reset; starting over"}},
        [DIAGNOSIS_ROM_BACK_END] =
                {"rom-back-end",
                 PROGRESS_KIND_ERROR,
                 {"the ROM is back again, 3 times now, after its SPL was sent",
                  "the SPL does not run on this board, or its supply breaks down",
                  "is the SPL built for it? its serial console says more"}},
        [DIAGNOSIS_WRONG_CLASS] =
                {"wrong-class",
                 PROGRESS_KIND_WARNING,
                 {"the board calls itself by the name of another stage",
                  "USB decides what it is sent; its vendor class or USB id was changed",
                  "if it fails: is ID_SNAGD_STAGE right in the udev rules for it?"}},
        [DIAGNOSIS_U_BOOT_ASKS] = {"u-boot-asks",
                                   PROGRESS_KIND_WARNING,
                                   {"U-Boot itself is running and asks for an address",
                                    "it is not answered: only a ROM and an SPL are",
                                    "power the board off and on again to recover it"}},
        [DIAGNOSIS_U_BOOT_ASKS_END] =
                {"u-boot-asks-end",
                 PROGRESS_KIND_ERROR,
                 {"no SPL has come, U-Boot itself is running on the board",
                  "it asks for an address as an SPL does, but is not answered",
                  "power the board off and on again to recover it"}},
        [DIAGNOSIS_HEX_NAME] =
                {"hex-name",
                 PROGRESS_KIND_WARNING,
                 {"the board asks for a file that it named after its address",
                  "it does not take the name that it was told, as U-Boot may do",
                  "use the SPL and U-Boot of one build, or give the file that name"}},
        [DIAGNOSIS_OTHER_NAME] = {"other-name",
                                  PROGRESS_KIND_WARNING,
                                  {"the board asks for a file that is not served",
                                   "only the one that it was told is; it may have a name built in",
                                   "give the file that name, and begin again"}},
        [DIAGNOSIS_BOARD_ERROR] =
                {"board-error",
                 PROGRESS_KIND_WARNING,
                 {"the board broke the transfer off",
                  "that is its own word for why; it may ask again",
                  "else power it off and on again, and look at its serial console"}},
        [DIAGNOSIS_BEGINS_ANEW_END] =
                {"begins-anew-end",
                 PROGRESS_KIND_ERROR,
                 {"the board began 30 times to fetch its file, and never had it",
                  "it breaks each transfer off, or does not hear what it is sent",
                  "its serial console says why; try another cable, a port without a hub"}},
        [DIAGNOSIS_SLOW] = {"slow",
                            PROGRESS_KIND_WARNING,
                            {"the transfer is much slower than USB should be",
                             "a ROM takes 250 KiB/s; frames get lost, or this computer is busy",
                             "try another cable, or a port without a hub"}},
        [DIAGNOSIS_SLOW_END] = {"slow-end",
                                PROGRESS_KIND_ERROR,
                                {"the board takes too long to fetch its file",
                                 "it does acknowledge, but would do so for hours",
                                 "try another cable, a port without a hub"}},
        [DIAGNOSIS_FLOOD] = {"flood",
                             PROGRESS_KIND_WARNING,
                             {"the board sends far more than it should",
                              "what is too much is not answered; other boards do not feel it",
                              "power it off and on again, and look at its serial console"}},
        [DIAGNOSIS_HELD] = {"held",
                            PROGRESS_KIND_WARNING,
                            {"a board is there, but cannot be taken",
                             "it is waited for until it can",
                             "end the program that uses it, NetworkManager for instance"}},
};

void diagnosis_say(Diagnosis diagnosis, Progress *progress, const DiagnosisContext *context) {
        const char *const *lines = table[diagnosis].lines;
        const char *port = context->port ? context->port : "";
        ProgressKind kind = table[diagnosis].kind;

        assert(progress);
        assert(context->detail);

        progress_event(progress, "diagnosis",
                       EVENT_FIELDS(EVENT_TEXT("port", context->port),
                                    EVENT_TEXT("session", context->session),
                                    EVENT_TEXT("level", progress_kind_to_string(kind)),
                                    EVENT_TEXT("name", table[diagnosis].name),
                                    EVENT_TEXT("text", lines[0]),
                                    EVENT_TEXT_OR_NULL("detail", context->detail),
                                    EVENT_TEXTS("advice", lines + 1)));

        progress_print(progress, kind, "%s%s%s%s%s", port, *port ? ": " : "", lines[0],
                       *context->detail ? ": " : "", context->detail);
        for (size_t i = 1; lines[i]; i++)
                progress_print(progress,
                               kind == PROGRESS_KIND_NOTE ? PROGRESS_KIND_NOTE : PROGRESS_KIND_HINT,
                               "  %s", lines[i]);
}

const char *diagnosis_to_string(Diagnosis diagnosis) {
        assert(diagnosis < _DIAGNOSIS_MAX);

        return table[diagnosis].name;
}

ProgressKind diagnosis_get_kind(Diagnosis diagnosis) {
        assert(diagnosis < _DIAGNOSIS_MAX);

        return table[diagnosis].kind;
}

const char *diagnosis_get_sentence(Diagnosis diagnosis) {
        assert(diagnosis < _DIAGNOSIS_MAX);

        return table[diagnosis].lines[0];
}
