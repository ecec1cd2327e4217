/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A report as JSON for programs: one object with everything that is in the summary. Its form is in
 * snagctl-report-1.schema.json. Pure; allocates. */

#include "record-reader.h"
#include "report.h"

/* Members may be added; whoever changes the meaning of one changes the number. */
#define REPORT_SCHEMA "snagctl-report/1"

/* @counts: of all files together, for the lines that were skipped. Returns 0 with *@ret, which the caller
 * puts, or -ENOMEM. */
int report_json_make(const ReportSummary *summary, const RecordCounts *counts, json_object **ret);
