/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "failure.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "bus-error.h"

int failure_set(Failure *f, const char *name, const char *format, ...) {
        va_list args;

        assert(name);
        assert(format);

        if (f && !f->name) {
                va_start(args, format);
                if (vasprintf(&f->text, format, args) < 0)
                        f->text = NULL;
                va_end(args);
                f->name = name;
        }

        return bus_error_to_errno(name);
}

void failure_done(Failure *f) {
        assert(f);

        free(f->text);
        *f = (Failure){};
}
