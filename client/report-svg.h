/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A report as a picture: yield and attempts by day, yield and time of each stage by port. SVG 1.1 that
 * needs nothing but itself: no script, no font of its own, nothing to fetch. Pure; allocates. */

#include "macro.h"
#include "report.h"

/* More days than this are drawn several to a bar; more ports are left out, and counted. */
#define REPORT_SVG_BARS_MAX  92u
#define REPORT_SVG_PORTS_MAX 64u

/* With this a picture begins. */
#define REPORT_SVG_MAGIC "<svg "

/* Returns 0 with *@ret, which the caller frees, or -ENOMEM. */
int report_svg_format(const ReportSummary *summary, char **ret);
