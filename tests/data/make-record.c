/* SPDX-License-Identifier: GPL-2.0-or-later */

/* usage: make-record FILE
 *
 * Appends to FILE what snagctl would: attempts on three ports, of which the second has a bad cable; one
 * of which everything is known, one of which nothing is, and one with strings that nobody should have. */

#include <stdio.h>

#include "record.h"

static const char *path;

static void append(const RecordAttempt *attempt) {
        _cleanup_free_ char *reason = NULL;

        if (record_append(path, attempt, &reason) < 0) {
                fprintf(stderr, "make-record: %s\n", reason ? reason : "out of memory");
                exit(EXIT_FAILURE);
        }
}

static const uint8_t asic_id[81] = {0x01, 0x05, 0x01, 0xAB};

static const RecordImage images[] = {
        {"spl", "MLO", 109736, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"u-boot", "u-boot.img", 755576,
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
};

static const RecordStage stages[] = {
        {STAGE_ROM, {1000000, 1744000, 1743000, 1746000, 1760000, 2209000}, 1, 215, 109736, 0},
        {STAGE_SPL, {3909000, 4409000, 4468000, 4470000, 4510000, 5464000}, 2, 515, 755576, 0},
};

/* The board left in mid-transfer, and did not come back. */
static const RecordStage broken_stages[] = {
        {STAGE_ROM, {1000000, 1744000, 1743000, 1746000, 1760000}, 1, 70, 35840, 5},
};

static RecordAttempt make_attempt(unsigned n, unsigned port) {
        static char id_path[64], name[16];

        (void) snprintf(id_path, sizeof(id_path), "pci-0000:00:14.0-usb-0:1.%u", port);
        (void) snprintf(name, sizeof(name), "1-1.%u", port);
        return (RecordAttempt){
                .realtime_usec = (UINT64_C(1795435200) + n * 600) * USEC_PER_SEC,
                .begin_usec = 1000000,
                .end_usec = 5464000,
                .id_path = id_path,
                .port = name,
                .soc = "am335x",
                .asic_id = asic_id,
                .asic_id_size = sizeof(asic_id),
                .images = images,
                .n_images = ELEMENTSOF(images),
                .stages = stages,
                .n_stages = ELEMENTSOF(stages),
                .result = RECORD_RESULT_RECOVERED,
        };
}

static void append_odd_ones(void) {
        RecordAttempt a = make_attempt(100, 1);

        a.then = &(const RecordThen){.exit_status = 3};
        a.diagnosis = "wrong-class";
        a.diagnosis_text = "it \"calls\" itself \\\n\x1b[2J\xff";
        append(&a);
        a.then = &(const RecordThen){.signal_number = 9};
        append(&a);
        append(&(const RecordAttempt){.result = RECORD_RESULT_INTERRUPTED});
}

int main(int argc, char **argv) {
        if (argc != 2) {
                fprintf(stderr, "usage: make-record FILE\n");
                return EXIT_FAILURE;
        }
        path = argv[1];

        for (unsigned i = 0; i < 36; i++) {
                RecordAttempt a = make_attempt(i, i % 3 + 1);

                if (i % 6 == 1) {
                        a.stages = broken_stages;
                        a.n_stages = ELEMENTSOF(broken_stages);
                        a.end_usec = 33000000;
                        a.result = RECORD_RESULT_FAILED;
                        a.diagnosis = "left-end";
                        a.diagnosis_text = "the board did not come back to its port";
                }
                append(&a);
        }
        append_odd_ones();
        return EXIT_SUCCESS;
}
