/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "soc.h"

#include <errno.h>

#include "check-main.h"

START_TEST(test_finds_by_exact_name) {
        ck_assert_ptr_nonnull(soc_find("am335x"));
        ck_assert_ptr_null(soc_find("AM335x"));
        ck_assert_ptr_null(soc_find("am335"));
        ck_assert_ptr_null(soc_find(""));
}
END_TEST

START_TEST(test_lists_complete_entries) {
        size_t n = 0;

        for (const Soc *soc; (soc = soc_at(n)); n++) {
                ck_assert_ptr_eq(soc_find(soc->name), soc);
                ck_assert_uint_gt(soc->spl_size_max, 0);
                for (Stage stage = 0; stage < _STAGE_MAX; stage++)
                        ck_assert_ptr_nonnull(soc->vendor_classes[stage][0]);
        }
        ck_assert_uint_ge(n, 1);
}
END_TEST

/* TRM SPRUH73 26.1.9.2 gives the size in words too: 109 KiB. */
START_TEST(test_knows_the_limit_of_the_rom) {
        ck_assert_uint_eq(soc_find("am335x")->spl_size_max, 111616);
        ck_assert_uint_eq(soc_find("am437x")->spl_size_max, 277984);
}
END_TEST

START_TEST(test_finds_by_what_people_write) {
        ck_assert_ptr_eq(soc_find_by_alias("am335x"), soc_find("am335x"));
        ck_assert_ptr_eq(soc_find_by_alias("AM335x"), soc_find("am335x"));
        ck_assert_ptr_eq(soc_find_by_alias("am3358"), soc_find("am335x"));
        ck_assert_ptr_eq(soc_find_by_alias("AM4378"), soc_find("am437x"));
        ck_assert_ptr_null(soc_find_by_alias("am33"));
        ck_assert_ptr_null(soc_find_by_alias("am625"));
        ck_assert_ptr_null(soc_find_by_alias(""));
        ck_assert_ptr_null(soc_find("am3358"));
}
END_TEST

START_TEST(test_names_stages) {
        ck_assert_str_eq(stage_to_string(STAGE_ROM), "rom");
        ck_assert_str_eq(stage_to_string(STAGE_SPL), "spl");
        ck_assert_ptr_null(stage_to_string(_STAGE_MAX));
        ck_assert_int_eq(stage_from_string("spl"), STAGE_SPL);
        ck_assert_int_eq(stage_from_string("u-boot"), -EINVAL);
        ck_assert_int_eq(stage_from_string(NULL), -EINVAL);
}
END_TEST

TEST_MAIN("soc", test_finds_by_exact_name, test_lists_complete_entries,
          test_knows_the_limit_of_the_rom, test_finds_by_what_people_write, test_names_stages)
