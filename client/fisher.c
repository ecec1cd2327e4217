/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fisher.h"

#include <assert.h>
#include <math.h>

/* Terms that change nothing any more. */
#define NEGLIGIBLE 1e-12

static double log_choose(double n, double k) {
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

double fisher_test(uint64_t a, uint64_t n, uint64_t b, uint64_t m) {
        double hits = (double) a + (double) b, here = (double) n, elsewhere = (double) m;
        double most = fmin(hits, here), term, sum;

        assert(a <= n);
        assert(b <= m);

        /* P(k) = C(n, k) C(m, hits - k) / C(n + m, hits); each further term follows from the one
         * before it. */
        term = sum = exp(log_choose(here, (double) a) + log_choose(elsewhere, (double) b) -
                         log_choose(here + elsewhere, hits));
        for (double k = (double) a; k < most && term > sum * NEGLIGIBLE; k++) {
                term *= (here - k) * (hits - k) / ((k + 1) * (elsewhere - hits + k + 1));
                sum += term;
        }

        return fmin(sum, 1);
}
