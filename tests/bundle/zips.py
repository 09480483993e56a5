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
        for about, one in more:
            named = about if isinstance(about, zipfile.ZipInfo) else entry(about, kind)
            archive.writestr(named, one)
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
        return joined(
            [(names[n % len(names)] + path.encode(), one) for n, (path, one) in entries], flags
        )

    return make


def joined(entries: Sequence[tuple[bytes, bytes]], flags: int) -> bytes:
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
    return joined([*entries, (b"", OTHER)], 0)
