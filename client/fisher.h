/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Fisher's exact test, one-sided: whether something happens more often here than elsewhere, or may be
 * chance. Exact for small numbers too, which is what a port of a flashing station has. Pure. */

#include "macro.h"

/* It happened @a times of @n here, and @b times of @m elsewhere. Returns how likely at least @a of them
 * are here, were it all the same where (hypergeometric distribution): 0 to 1. @a <= @n, @b <= @m. */
double fisher_test(uint64_t a, uint64_t n, uint64_t b, uint64_t m);
