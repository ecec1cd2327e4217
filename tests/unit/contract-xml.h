/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Introspection data made comparable: dbus/org.snagd1.xml, and what snagd says of itself. */

/* The tags of one interface, a line each with its attributes sorted, without comments. The caller
 * frees it. */
char *contract_xml_describe(const char *xml, const char *interface);

/* A whole file; the caller frees it. */
char *contract_xml_read(const char *path);
