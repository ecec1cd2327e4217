/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The SoC that a person names, on the command line or in a file, and what to say if there is none of
 * that name. Pure; allocates. */

#include "macro.h"
#include "soc.h"

/* Returns 0; -ENOMEM; or -EINVAL and in *@ret_complaint a phrase that the caller frees. */
int soc_word_parse(const char *word, char **ret_complaint, const Soc **ret);

#define SOC_WORD_LIST_LEN_MAX 256

/* Writes "am335x, am437x". Returns @list. */
const char *soc_word_list(char list[static SOC_WORD_LIST_LEN_MAX]);
