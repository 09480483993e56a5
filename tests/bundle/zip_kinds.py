"""Which zips are bundles, if their files are one, and which are none."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

from tests.bundle.zips import (
    CRC,
    DESCRIPTOR,
    ENDS_64,
    FLAGS,
    INDEX,
    PACKED,
    SIZE,
    WIDE,
    added,
    commented,
    encrypted,
    ended_twice,
    extra_at,
    flagged,
    huge,
    in_folders,
    inward,
    joined,
    link,
    named_twice,
    nameless,
    other_content,
    other_sum,
    packed,
    put,
    streamed,
    twice,
    wide,
    with_comment,
    with_slack,
)

if TYPE_CHECKING:
    from tests.bundle.zips import Made

SIXTEEN = struct.pack("<HHQQ", 1, 16, 5, 5)
BEFORE: dict[str, Made] = {
    "a size that says nothing": lambda files: put(packed(files), SIZE, "<L", WIDE),
    "a packed size that says nothing": lambda files: put(packed(files), PACKED, "<L", WIDE),
    "sizes that say nothing": lambda files: put(packed(files), PACKED, "<LL", WIDE, WIDE),
    "a sum that says nothing": lambda files: put(packed(files), CRC, "<L", WIDE),
    "other sizes of 64 bits": lambda files: put(
        wide(files), extra_at(wide(files)) + 4, "<QQ", 1, 1
    ),
    "a larger size of 64 bits": lambda files: put(
        wide(files), extra_at(wide(files)) + 4, "<Q", 2**40
    ),
    "one size of 64 bits too few": lambda files: put(wide(files), SIZE, "<L", 5),
    "sizes of 64 bits beside others": lambda files: added(packed(files), SIXTEEN),
    "sizes of 64 bits in the index beside others": lambda files: added(
        packed(files), SIXTEEN, INDEX
    ),
    "half an extra field": lambda files: added(packed(files), b"\x01\x00\x10"),
    "an extra field that is cut off": lambda files: added(packed(files), b"\x02\x00\x10\x00ab"),
}
"""What may stand before a file otherwise than in the index."""

STREAMED: dict[str, Made] = {
    "a stored file": lambda files: streamed(files, zipfile.ZIP_STORED),
    "a sum before it": lambda files: put(streamed(files), CRC, "<L", 1),
    "a packed size before it": lambda files: put(streamed(files), PACKED, "<L", 1),
    "a size before it": lambda files: put(streamed(files), SIZE, "<L", 1),
    "sizes that say nothing before it": lambda files: put(
        streamed(files), PACKED, "<LL", WIDE, WIDE
    ),
    "sizes of 64 bits before it": lambda files: put(
        streamed(files, wide=True), extra_at(streamed(files, wide=True)) + 4, "<QQ", 1, 1
    ),
    "another sum after it": lambda files: put(
        streamed(files), streamed(files).index(DESCRIPTOR) + 4, "<L", 1
    ),
    "a packed size after it": lambda files: put(
        streamed(files), streamed(files).index(DESCRIPTOR) + 8, "<L", 1
    ),
    "a size after it": lambda files: put(
        streamed(files), streamed(files).index(DESCRIPTOR) + 12, "<L", 1
    ),
    "no mark after it": lambda files: put(
        streamed(files), streamed(files).index(DESCRIPTOR), "<L", 7
    ),
    "a flag only before it": lambda files: put(packed(files), FLAGS, "<H", 8),
    "a flag only in the index": lambda files: put(
        packed(files), packed(files).index(INDEX) + 8, "<H", 8
    ),
    "another alphabet before it": lambda files: put(packed(files), FLAGS, "<H", 0x800),
}
"""What may stand around a file whose size was not known when it was written."""

AROUND: dict[str, Made] = {
    "something after a stream": lambda files: with_slack(files, b"slack"),
    "a stream that goes on": lambda files: with_slack(files, b"", size=9),
    "an index elsewhere": lambda files: put(packed(files), len(packed(files)) - 6, "<L", 0),
    "an index of another length": lambda files: put(
        packed(files), len(packed(files)) - 10, "<L", 46
    ),
    "fewer files": lambda files: put(packed(files), len(packed(files)) - 14, "<HH", 1, 1),
    "files elsewhere": lambda files: put(packed(files), len(packed(files)) - 14, "<H", 1),
    "another disk": lambda files: put(packed(files), len(packed(files)) - 18, "<HH", 1, 1),
    "an index that says nothing": lambda files: put(
        packed(files), len(packed(files)) - 6, "<L", WIDE
    ),
    "a file on another disk": lambda files: put(
        packed(files), packed(files).index(INDEX) + 34, "<H", 1
    ),
}
"""What may stand within a file, and at the end."""

UTF_8 = 0x800
NAMED: dict[str, tuple[Made, bool]] = {
    "in no folder": (in_folders([b""]), True),
    "in a folder": (in_folders([b"case/"]), True),
    "in a folder in Chinese": (in_folders(["案卷 7/".encode()], UTF_8), True),
    "in a folder in an old alphabet": (in_folders([b"caf\x82/"]), True),
    "in a folder with an accent": (in_folders(["café/".encode()], UTF_8), True),
    "in a folder that is no UTF-8": (in_folders([b"caf\x82/"], UTF_8), False),
    "in a folder that ends in a hard space": (in_folders([b"case\xff/"]), False),
    "in a folder of a device": (in_folders([b"con.x/"]), False),
    "in a folder of a device, on two lines": (in_folders(["nul.\u2028x/".encode()], UTF_8), False),
    "in a folder of 200 letters": (in_folders([("案" * 200 + "/").encode()], UTF_8), True),
    "in a folder of 201 letters": (in_folders([("案" * 201 + "/").encode()], UTF_8), False),
    "in a folder beyond the first plane": (in_folders([("😀" * 200 + "/").encode()], UTF_8), True),
    "in two folders": (in_folders([b"case/", b"Case/"]), False),
}
"""Where the files of a zip may be, and whether it is one."""

MORE: dict[str, Made] = {
    "a comment on a file": lambda files: with_comment(packed(files)),
    "an end of 64 bits within a comment": lambda files: with_comment(packed(files), ENDS_64),
    "another content": other_content,
    "another sum of a deflated file": other_sum,
    "a patch": flagged(0x20),
    "strong encryption": flagged(0x40),
    "a version that nobody knows": lambda files: put(
        packed(files), packed(files).index(INDEX) + 6, "<H", 64
    ),
    "a file without a name": nameless,
    "two zips, one in the other": twice,
    "another name before a file": lambda files: inward(packed(files)),
    "a zip within the comment": lambda files: commented(packed(files)),
    "encryption": lambda files: encrypted(packed(files)),
    "four gigabytes": lambda files: huge(packed(files)),
    "something before it": lambda files: b"#!/bin/sh\n" + packed(files),
    "something after it": lambda files: packed(files) + b"PK",
    "no last byte": lambda files: packed(files)[:-1],
    "a link": lambda files: packed(files, (link("case/link"), b"/etc/hostname")),
    "a second name": lambda files: packed(files, (named_twice("case/named"), b"")),
    "a folder with content": lambda files: packed(files, ("case/keys/", b"content")),
    "a file twice": lambda _: joined([(b"manifest.json", b""), (b"manifest.json", b"")], 0),
    "no file": lambda _: joined([], 0),
}
"""What else a forger may do to a zip."""

AS_PROGRAMS_WRITE: dict[str, Made] = {
    "stored": packed,
    "deflated": lambda files: packed(files, kind=zipfile.ZIP_DEFLATED),
    "streamed": streamed,
    "streamed, of a size": lambda files: put(
        streamed(files), SIZE, "<L", len(next(iter(files.values())))
    ),  # as Info-ZIP does
    "streamed, 64 bits": lambda files: streamed(files, wide=True),
    "64 bits": wide,
    "with a page": lambda files: with_slack(files, b""),
    "with folders": lambda files: packed(files, ("case/", b""), ("case/keys/", b"")),
    "with an end of 64 bits": lambda files: ended_twice(files, -1, -1, -1, -1),
}
"""Zips that are bundles, if their files are one."""

BROKEN: dict[str, Made] = {**BEFORE, **STREAMED, **AROUND, **MORE}
"""Zips that are none."""
