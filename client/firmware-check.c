/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware-check.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "image-fit.h"
#include "image-format.h"
#include "image-legacy.h"
#include "image-mlo.h"
#include "text.h"

/* In every SPL that can be an RNDIS device (U-Boot drivers/usb/gadget/ether.c), and in no other. */
#define USB_ETHERNET_STRING "RNDIS"

/* In the banner of every SPL. */
#define SPL_STRING "U-Boot SPL "

static const char *what_is_wanted(const Firmware *f) {
        return f->kind == FIRMWARE_SPL ? "--spl wants spl/u-boot-spl.bin or MLO"
                                       : "--u-boot wants u-boot.img";
}

/* --- what is no boot image at all
 * -------------------------------------------------------------- */

static int refuse_elf(const Firmware *f, char **ret_reason) {
        const char *machine = image_format_get_elf_machine(f->data, f->size);

        if (machine && !streq(machine, "ARM"))
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an ELF file for another processor (%s); %s of a build "
                                   "for the board",
                                   f->path, machine, what_is_wanted(f));
        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is an ELF file, which a board cannot load; %s from the same build",
                           f->path, what_is_wanted(f));
}

static int refuse_packed(const Firmware *f, char **ret_reason) {
        const ImagePacking *packing = image_format_get_packing(f->data, f->size);

        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is packed (%s), and a board cannot unpack it; unpack it first, "
                           "with '%s'",
                           f->path, packing->name, packing->command);
}

static int refuse_html(const Firmware *f, char **ret_reason) {
        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is a web page and no image; download the file itself ('raw')",
                           f->path);
}

static int refuse_text(const Firmware *f, char **ret_reason) {
        return text_refuse(-EBADMSG, ret_reason, "'%s' is a text file and no image; %s", f->path,
                           what_is_wanted(f));
}

/* --- the SPL
 * ----------------------------------------------------------------------------------- */

static int check_spl_size(const Firmware *f, const Soc *soc, char **ret_reason) {
        if (f->size <= soc->spl_size_max)
                return 0;

        return text_refuse(-EFBIG, ret_reason,
                           "'%s' has %zu bytes, but the ROM of %s loads at most %" PRIu32
                           "; is it the SPL (u-boot-spl.bin)?",
                           f->path, f->size, soc->name, soc->spl_size_max);
}

/* The ROM loads to one address, whatever the header says, and jumps there. */
static int check_load_addr(const Firmware *f, const Soc *soc, uint32_t load_addr,
                           char **ret_reason) {
        if (load_addr == soc->spl_load_addr)
                return 0;

        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is an MLO for another SoC (loaded to 0x%08" PRIx32
                           ", while one for %s is to 0x%08" PRIx32
                           "); use the MLO of a build for the board",
                           f->path, load_addr, soc->name, soc->spl_load_addr);
}

/* Leaves the raw SPL. */
static int take_off_header(Firmware *f, const Soc *soc, ImageFormat format, char **ret_reason) {
        MloImage mlo;
        const char *damage = image_mlo_find_spl(format, f->data, f->size, &mlo);
        int r;

        if (damage)
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an MLO, but damaged or incomplete: %s; copy or build "
                                   "it again",
                                   f->path, damage);

        memmove(f->data, f->data + mlo.spl_at, mlo.spl_size);
        f->size = mlo.spl_size;
        r = check_spl_size(f, soc, ret_reason);
        if (r < 0)
                return r;
        r = check_load_addr(f, soc, mlo.load_addr, ret_reason);
        if (r < 0)
                return r;

        if (asprintf(&f->note,
                     "'%s' is an MLO: its header of %zu bytes, which is for cards, is left out, "
                     "and the SPL inside sent",
                     f->path, mlo.spl_at) < 0) {
                f->note = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int warn_of_no_usb_ethernet(Firmware *f) {
        if (image_format_contains(f->data, f->size, USB_ETHERNET_STRING))
                return 0;

        if (asprintf(&f->warning,
                     "'%s' does not look like an SPL that can ask for U-Boot over USB; if it does "
                     "not come back, build it with CONFIG_SPL_NET and CONFIG_SPL_USB_ETHER",
                     f->path) < 0) {
                f->warning = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int check_spl(Firmware *f, const Soc *soc, char **ret_reason) {
        ImageFormat format = image_format_detect(f->data, f->size);
        int r;

        switch (format) {

        case IMAGE_FORMAT_MLO_TOC:
        case IMAGE_FORMAT_MLO_GP:
                r = take_off_header(f, soc, format, ret_reason);
                return r < 0 ? r : warn_of_no_usb_ethernet(f);

        case IMAGE_FORMAT_MLO_SWAPPED:
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an MLO for SPI flash, with its bytes swapped; use MLO "
                                   "or spl/u-boot-spl.bin from the same build",
                                   f->path);

        case IMAGE_FORMAT_LEGACY:
        case IMAGE_FORMAT_FIT:
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an image like u-boot.img and no SPL; are --spl and "
                                   "--u-boot swapped?",
                                   f->path);

        case IMAGE_FORMAT_ELF:
                return refuse_elf(f, ret_reason);
        case IMAGE_FORMAT_PACKED:
                return refuse_packed(f, ret_reason);
        case IMAGE_FORMAT_HTML:
                return refuse_html(f, ret_reason);
        case IMAGE_FORMAT_TEXT:
                return refuse_text(f, ret_reason);

        case IMAGE_FORMAT_UNKNOWN: /* a raw binary has no header */
        case _IMAGE_FORMAT_MAX:
                break;
        }

        r = check_spl_size(f, soc, ret_reason);
        return r < 0 ? r : warn_of_no_usb_ethernet(f);
}

/* --- U-Boot
 * ------------------------------------------------------------------------------------ */

static int refuse_damaged(const Firmware *f, const char *damage, char **ret_reason) {
        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is damaged or incomplete: %s; copy or build it again", f->path,
                           damage);
}

static int refuse_foreign(const Firmware *f, const Soc *soc, const char *arch, char **ret_reason) {
        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is for another processor (%.32s); %s is a 32-bit ARM: use the "
                           "u-boot.img of a build for the board",
                           f->path, arch, soc->name);
}

static int check_legacy(const Firmware *f, const Soc *soc, char **ret_reason) {
        const char *found = image_legacy_find_damage(f->data, f->size);

        if (found)
                return refuse_damaged(f, found, ret_reason);
        found = image_legacy_get_foreign_arch(f->data, f->size);
        if (found)
                return refuse_foreign(f, soc, found, ret_reason);
        found = image_legacy_get_foreign_type(f->data, f->size);
        if (found)
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' holds %s and not U-Boot; --u-boot wants u-boot.img",
                                   f->path, found);
        return 0;
}

static int check_fit(const Firmware *f, const Soc *soc, char **ret_reason) {
        const char *found;

        if (image_fit_is_device_tree(f->data, f->size))
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is a device tree and not U-Boot; --u-boot wants "
                                   "u-boot.img",
                                   f->path);
        found = image_fit_find_damage(f->data, f->size);
        if (found)
                return refuse_damaged(f, found, ret_reason);
        found = image_fit_get_foreign_arch(f->data, f->size);
        if (found)
                return refuse_foreign(f, soc, found, ret_reason);
        return 0;
}

static int check_u_boot(const Firmware *f, const Soc *soc, char **ret_reason) {
        switch (image_format_detect(f->data, f->size)) {

        case IMAGE_FORMAT_LEGACY:
                return check_legacy(f, soc, ret_reason);
        case IMAGE_FORMAT_FIT:
                return check_fit(f, soc, ret_reason);

        case IMAGE_FORMAT_MLO_TOC:
        case IMAGE_FORMAT_MLO_GP:
        case IMAGE_FORMAT_MLO_SWAPPED:
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an MLO and not U-Boot; --u-boot wants u-boot.img from "
                                   "the same build; are --spl and --u-boot swapped?",
                                   f->path);

        case IMAGE_FORMAT_ELF:
                return refuse_elf(f, ret_reason);
        case IMAGE_FORMAT_PACKED:
                return refuse_packed(f, ret_reason);
        case IMAGE_FORMAT_HTML:
                return refuse_html(f, ret_reason);
        case IMAGE_FORMAT_TEXT:
                return refuse_text(f, ret_reason);

        case IMAGE_FORMAT_UNKNOWN:
        case _IMAGE_FORMAT_MAX:
                break;
        }

        if (f->size <= soc->spl_size_max && image_format_contains(f->data, f->size, SPL_STRING))
                return text_refuse(-EBADMSG, ret_reason,
                                   "'%s' is an SPL and not U-Boot; are --spl and --u-boot swapped?",
                                   f->path);
        return text_refuse(-EBADMSG, ret_reason,
                           "'%s' is no image that the SPL takes (neither 0x27051956 nor 0xd00dfeed "
                           "stands at its start); --u-boot wants u-boot.img, not u-boot.bin, and "
                           "--spl the SPL",
                           f->path);
}

int firmware_check(Firmware *f, const Soc *soc, char **ret_reason) {
        assert(f);
        assert(f->data);
        assert(soc);
        assert(ret_reason);

        switch (f->kind) {
        case FIRMWARE_SPL:
                return check_spl(f, soc, ret_reason);
        case FIRMWARE_U_BOOT:
                return check_u_boot(f, soc, ret_reason);
        case _FIRMWARE_KIND_MAX:
                break;
        }

        return -EINVAL;
}
