/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "notify.h"

#include "check-main.h"
#include "fake-notify.h"

START_TEST(test_status) {
        char status[NOTIFY_STATUS_LEN_MAX], remark[2 * NOTIFY_STATUS_LEN_MAX] = "";

        ck_assert_str_eq(notify_format_status(status, &(NotifyCounts){}, NULL),
                         "0 boards now, 0 done, 0 failed");
        ck_assert_str_eq(
                notify_format_status(
                        status, &(NotifyCounts){.n_now = 3, .n_done = 41, .n_failed = 2}, NULL),
                "3 boards now, 41 done, 2 failed");
        ck_assert_str_eq(notify_format_status(status, &(NotifyCounts){.n_now = 1}, "is odd"),
                         "1 board now, 0 done, 0 failed; is odd");
        memset(remark, 'x', sizeof(remark) - 1);
        ck_assert_uint_eq(strlen(notify_format_status(status, &(NotifyCounts){}, remark)),
                          NOTIFY_STATUS_LEN_MAX - 1);
}
END_TEST

START_TEST(test_messages) {
        fake_notify_begin();
        notify_ready("good");
        ck_assert_str_eq(fake_notify_receive(), "READY=1\nSTATUS=good");
        notify_status("better");
        ck_assert_str_eq(fake_notify_receive(), "STATUS=better");
        notify_reloading(1234567);
        ck_assert_str_eq(fake_notify_receive(),
                         "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reading its file");
        notify_stopping("done");
        ck_assert_str_eq(fake_notify_receive(), "STOPPING=1\nSTATUS=done");
        ck_assert_str_eq(fake_notify_receive(), "");
        fake_notify_end();
}
END_TEST

START_TEST(test_nobody_listens) {
        ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
        notify_ready("good");
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", "/no/such/socket", 1), 0);
        notify_ready("good");
        ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
}
END_TEST

TEST_MAIN("notify", test_status, test_messages, test_nobody_listens)
