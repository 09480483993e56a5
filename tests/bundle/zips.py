"""Zips as programs write them, and as a forger would: bytes that say one thing in two places."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bundle.verifiers import Files

    Made = Callable[[Files], bytes]

PAGE = b"a page that nothing proves" * 9
OTHER = b"other events\n"
UNICODE_PATH = struct.pack("<HHB", 0x7075, 9, 1) + b"\x00" * 4 + b"evil"
ENDS_64 = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1, 1) + struct.pack(
    "<4sLQL", b"PK\x06\x07", 0, 0, 1
)
WIDE = 2**32 - 1
FILE, INDEX, DESCRIPTOR, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08", b"PK\x05\x06"
FLAGS, CRC, PACKED, SIZE = 6, 14, 18, 22
"""Where in a file's own header these stand."""


def packed(files: Files, *more: tuple[str | zipfile.ZipInfo, bytes], kind: int = 0) -> bytes:
    """Return a zip, its bundle in one folder, with more entries."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", kind) as archive:
        for path, one in files.items():
            archive.writestr(entry(f"case/{path}", kind), one)
        for path, one in more:
            archive.writestr(path if isinstance(path, zipfile.ZipInfo) else entry(path, kind), one)
    return content.getvalue()


def entry(path: str, kind: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """Return what a zip says of a file, the same at any time."""
    about = zipfile.ZipInfo(path)
    about.compress_type = kind
    about.external_attr = 0o600 << 16
    return about


def link(path: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    """Return an entry that is no plain file."""
    about = zipfile.ZipInfo(path)
    about.create_system = 3
    about.external_attr = (kind | 0o777) << 16
    return about


def named_twice(path: str) -> zipfile.ZipInfo:
    """Return an entry with another name beside its own, which some programs take instead."""
    about = zipfile.ZipInfo(path)
    about.extra = UNICODE_PATH
    return about


class Pipe(io.BytesIO):
    """What can only be written on and on."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def streamed(files: Files, kind: int = zipfile.ZIP_DEFLATED, *, wide: bool = False) -> bytes:
    """Return a zip that was written into a pipe: sums and sizes come after each file."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", kind) as archive:
        for path, one in files.items():
            with archive.open(entry(f"case/{path}", kind), "w", force_zip64=wide) as file:
                file.write(one)
    return pipe.getvalue()


def wide(files: Files) -> bytes:
    """Return a zip with sizes of 64 bits before each file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, one in files.items():
            with archive.open(entry(f"case/{path}"), "w", force_zip64=True) as file:
                file.write(one)
    return content.getvalue()


def put(content: bytes, at: int, form: str, *numbers: int) -> bytes:
    """Return a zip with other numbers at a place."""
    made = struct.pack(form, *numbers)
    return content[:at] + made + content[at + len(made) :]


def extra_at(content: bytes) -> int:
    """Return where the extra field of the first file begins."""
    (name,) = struct.unpack_from("<H", content, 26)
    return 30 + int(name)


def added(content: bytes, field: bytes, kind: bytes = FILE) -> bytes:
    """Return a zip of one entry more: its last header with a field, and all after it moved."""
    at = content.rindex(kind)
    length, name = (28, 26) if kind == FILE else (30, 28)
    before = 30 if kind == FILE else 46
    end = at + before + struct.unpack_from("<H", content, at + name)[0]
    content = put(content, at + length, "<H", len(field))
    content = content[:end] + field + content[end:]
    last = content.rindex(END)
    where = 16 if kind == FILE else 12
    (was,) = struct.unpack_from("<L", content, last + where)
    return put(content, last + where, "<L", was + len(field))


def with_slack(files: Files, slack: bytes, size: int = 0) -> bytes:
    """Return a zip whose one more file holds something after its stream, or is called smaller."""
    text = PAGE
    content = bytearray(packed(files, ("case/page", text), kind=zipfile.ZIP_DEFLATED))
    whole = io.BytesIO(content)
    with zipfile.ZipFile(whole) as archive:
        about, start = archive.infolist()[-1], archive.start_dir
    length = about.compress_size + len(slack)
    content[start:start] = slack
    at, listed = about.header_offset, bytes(content).rindex(INDEX)
    for place in (at + PACKED, listed + PACKED + 2):
        struct.pack_into("<LL", content, place, length, about.file_size - size)
    sum_ = zlib.crc32(text[: len(text) - size])
    for place in (at + CRC, listed + CRC + 2):
        struct.pack_into("<L", content, place, sum_)
    last = bytes(content).rindex(END)
    struct.pack_into("<L", content, last + 16, start + len(slack))
    return bytes(content)


def ended_twice(files: Files, *classic: int) -> bytes:
    """Return a zip with an end of 64 bits, and another one that says so or something else."""
    content = packed(files)
    end, start = content.rindex(END), content.index(INDEX)
    count, length = struct.unpack_from("<HL", content, end + 10)
    known = (count, count, length, start)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *known)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    told = tuple(mine if mine >= 0 else theirs for mine, theirs in zip(classic, known, strict=True))
    return content[:end] + record + locator + struct.pack("<4sHHHHLLH", END, 0, 0, *told, 0)


def twice(files: Files) -> bytes:
    """Return a zip with other events before those that its index knows."""
    before = io.BytesIO()
    with zipfile.ZipFile(before, "w") as archive:
        archive.writestr(entry("case/events.jsonl"), OTHER)
    hidden = before.getvalue()[: archive.start_dir]
    content = io.BytesIO(hidden)
    content.seek(0, io.SEEK_END)
    with zipfile.ZipFile(content, "a") as archive:
        for path, one in files.items():
            archive.writestr(entry(f"case/{path}"), one)
    return content.getvalue()


def inward(content: bytes) -> bytes:
    """Give a file another name before its content than in the index."""
    return content.replace(b"case/checkpoint", b"case/checkpaint", 1)


def commented(content: bytes) -> bytes:
    """Put an index within what others take for a comment."""
    return content[:-2] + struct.pack("<H", 22) + content[-22:]


def encrypted(content: bytes) -> bytes:
    """Say that the first file is encrypted."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


def huge(content: bytes) -> bytes:
    """Say that the first file unpacks to four gigabytes."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<L", 2**32 - 2) + content[at + 28 :]


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


def with_comment(content: bytes, text: bytes = b"sound") -> bytes:
    """Return a zip with a comment on its last file."""
    end = content.rindex(END)
    content = put(content, content.rindex(INDEX) + 32, "<H", len(text))
    content = content[:end] + text + content[end:]
    (was,) = struct.unpack_from("<L", content, end + len(text) + 12)
    return put(content, end + len(text) + 12, "<L", was + len(text))


def in_folders(names: Sequence[bytes], flags: int = 0) -> Made:
    """Return what makes a zip whose files are in folders that are called so, byte by byte."""

    def make(files: Files) -> bytes:
        entries = enumerate(files.items())
        return _joined(
            [(names[n % len(names)] + path.encode(), one) for n, (path, one) in entries], flags
        )

    return make


def _joined(entries: Sequence[tuple[bytes, bytes]], flags: int) -> bytes:
    """Put a zip together by hand: stored files of these names, whatever these are."""
    content, index = b"", b""
    for name, one in entries:
        said = (20, flags, 0, 0, 33, zlib.crc32(one), len(one), len(one), len(name), 0)
        index += (
            INDEX + struct.pack("<HHHHHHLLLHHHHHLL", 20, *said, 0, 0, 0, 0, len(content)) + name
        )
        content += FILE + struct.pack("<HHHHHLLLHH", *said) + name + one
    count = len(entries)
    end = struct.pack("<4sHHHHLLH", END, 0, 0, count, count, len(index), len(content), 0)
    return content + index + end


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


def other_content(files: Files) -> bytes:
    """Change a byte of a stored file, and none of what is said of it."""
    content = packed(files)
    at = 30 + struct.unpack_from("<H", content, 26)[0]
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def other_sum(files: Files) -> bytes:
    """Sum a deflated file up to something else, before it and in the index."""
    content = packed(files, kind=zipfile.ZIP_DEFLATED)
    content = put(content, CRC, "<L", 7)
    return put(content, content.index(INDEX) + CRC + 2, "<L", 7)


def flagged(flag: int) -> Made:
    """Return what makes a zip that says something more of its first file."""

    def make(files: Files) -> bytes:
        content = put(packed(files), FLAGS, "<H", flag)
        return put(content, content.index(INDEX) + 8, "<H", flag)

    return make


def nameless(files: Files) -> bytes:
    """Return a zip without a folder, with a file without a name."""
    entries = [(path.encode(), one) for path, one in files.items()]
    return _joined([*entries, (b"", OTHER)], 0)


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
    "a file twice": lambda _: _joined([(b"manifest.json", b""), (b"manifest.json", b"")], 0),
    "no file": lambda _: _joined([], 0),
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
