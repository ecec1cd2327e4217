/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every fuzz target defines and libFuzzer or replay-main.c calls. */

#include <stdio.h>

#include "macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() may be compiled out; this never is. */
#define fuzz_assert(condition)                                                           \
        do                                                                               \
                if (!(condition)) {                                                      \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
                                #condition);                                             \
                        abort();                                                         \
                }                                                                        \
        while (0)
