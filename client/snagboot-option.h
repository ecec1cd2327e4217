/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of Snagboot's snagrecover that are none here: for who types what they are used to, what is to
 * be done in their place. Those that mean the same here are as they were (-f, -F). Pure. */

#include "macro.h"

/* @option as it was typed, without a value: "--netns", "-s". NULL if it is not one of them. */
const char *snagboot_option_get_advice(const char *option);
