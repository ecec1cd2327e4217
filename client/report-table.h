/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A report as text for people: totals, then tables of ports, days, steps and diagnoses. */

#include "progress.h"
#include "report.h"

/* As many days, the last ones, and diagnoses, the most frequent ones, are shown. */
#define REPORT_TABLE_DAYS_MAX      14u
#define REPORT_TABLE_DIAGNOSES_MAX 10u

/* Writes it as results. Returns 0 or -ENOMEM. */
int report_table_print(const ReportSummary *summary, Progress *progress);
