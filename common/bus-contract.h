/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The wire contract on the bus: names, paths, interfaces, error names, limits. dbus/org.snagd1.xml
 * describes the same to people; a test holds the two together. */

#include <stdint.h>

#define BUS_NAME          "org.snagd1"
#define BUS_PATH_ROOT     "/org/snagd1"
#define BUS_PATH_BOARDS   BUS_PATH_ROOT "/board"
#define BUS_PATH_SESSIONS BUS_PATH_ROOT "/session"
#define BUS_PATH_NONE     "/" /* Board.Session of a board that nobody has */

#define BUS_INTERFACE_MANAGER BUS_NAME ".Manager"
#define BUS_INTERFACE_BOARD   BUS_NAME ".Board"
#define BUS_INTERFACE_SESSION BUS_NAME ".Session"

/* Errors. The text that comes with one says what the person can do. */
#define BUS_ERROR_PREFIX             BUS_NAME ".Error."
#define BUS_ERROR_UNKNOWN_SOC        BUS_ERROR_PREFIX "UnknownSoc"
#define BUS_ERROR_INVALID_PORT       BUS_ERROR_PREFIX "InvalidPort"
#define BUS_ERROR_INVALID_OPTION     BUS_ERROR_PREFIX "InvalidOption" /* unknown key, wrong type */
#define BUS_ERROR_NOT_AUTHORIZED     BUS_ERROR_PREFIX "NotAuthorized" /* polkit said no */
#define BUS_ERROR_NO_AUTHORITY       BUS_ERROR_PREFIX "NoAuthority"   /* polkit did not answer */
#define BUS_ERROR_NOT_OWNER          BUS_ERROR_PREFIX "NotOwner"
#define BUS_ERROR_LIMIT_EXCEEDED     BUS_ERROR_PREFIX "LimitExceeded"
#define BUS_ERROR_PORT_BUSY          BUS_ERROR_PREFIX "PortBusy" /* another session named it */
#define BUS_ERROR_INTERFACE_BUSY     BUS_ERROR_PREFIX "InterfaceBusy"
#define BUS_ERROR_SESSION_GONE       BUS_ERROR_PREFIX "SessionGone"
#define BUS_ERROR_WRONG_STATE        BUS_ERROR_PREFIX "WrongState" /* started twice, failed */
#define BUS_ERROR_KERNEL_UNSUPPORTED BUS_ERROR_PREFIX "KernelUnsupported" /* module missing */
#define BUS_ERROR_LINK_FAILED        BUS_ERROR_PREFIX "LinkFailed" /* kernel refused the interface */
#define BUS_ERROR_SHUTTING_DOWN      BUS_ERROR_PREFIX "ShuttingDown"
#define BUS_ERROR_NO_MEMORY          BUS_ERROR_PREFIX "NoMemory"

/* polkit actions, and the details that go along with them. */
#define POLKIT_ACTION_OPEN_SESSION BUS_NAME ".open-session"
#define POLKIT_ACTION_MANAGE       BUS_NAME ".manage"

/* Options of OpenSession and CanOpenSession. */
#define BUS_OPTION_PORT    "port"
#define BUS_OPTION_STAGE   "stage"
#define BUS_OPTION_UNTRIED "untried"

/* A password takes longer than sd-bus's 25 s: the time that snagd waits for polkit, in µs. A client has
 * to wait for longer, or it never hears that nobody answered: snagd has to be started first, too, for
 * which the bus gives it 25 s. */
#define BUS_AUTHORIZATION_TIMEOUT_USEC (UINT64_C(5) * 60 * 1000 * 1000)
#define BUS_AUTHORIZED_CALL_USEC       (BUS_AUTHORIZATION_TIMEOUT_USEC + UINT64_C(30) * 1000 * 1000)

/* Limits. Each is checked before anything is made. */
#define SESSIONS_MAX                        256u
#define SESSIONS_PER_USER_MAX               64u
#define SOCKETS_PER_SESSION_MAX             8u
#define AUTHORIZATIONS_PER_USER_MAX         4u /* about which polkit is asked at the same time */
#define AUTHORIZATIONS_WAITING_PER_USER_MAX SESSIONS_PER_USER_MAX /* whose turn has not come */
#define SUBSCRIBERS_PER_USER_MAX            16u

/* Of all users together. A session's owner, a caller who waits for polkit and a subscriber each are a
 * name that snagd watches, by a match rule of its own: dbus-daemon allows a connection 512 of them
 * (max_match_rules_per_connection), and sd-bus gives the connection up, and so everybody's sessions,
 * when one is refused. It allows 128 calls without a reply (max_replies_per_connection). */
#define AUTHORIZATIONS_MAX 64u
#define SUBSCRIBERS_MAX    128u
/* Calls that have been read, and wait for their turn. While the bus driver is asked who sent one, sd-bus reads whatever
 * else comes, without a limit of bytes. */
#define CALLS_WAITING_MAX 128u
#define IDLE_EXIT_USEC    (UINT64_C(30) * 1000 * 1000)

/* What every session's link looks like: Snagboot's addresses and ports, on purpose. */
#define SESSION_SERVER_ADDRESS "192.168.0.100"
#define SESSION_CLIENT_ADDRESS "192.168.0.101"
#define SESSION_NETMASK        "255.255.255.0"
#define SESSION_PREFIX_LEN     24
#define SESSION_BOOTP_PORT     9067 /* the board sees 67 */
#define SESSION_TFTP_PORT      9069 /* the board sees 69 */
