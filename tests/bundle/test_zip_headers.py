"""What stands around the files of a zip says the same as its index, and neither says more."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.bundle.synthetic import SMALL
from tests.bundle.test_unpacking import Pipe, packed, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.processes

FILES = SMALL.files()
WIDE = 2**32 - 1
FILE, INDEX, DESCRIPTOR, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08", b"PK\x05\x06"
FLAGS, CRC, PACKED, SIZE = 6, 14, 18, 22
"""Where in a file's own header these stand."""


def streamed(kind: int = zipfile.ZIP_DEFLATED, *, wide: bool = False) -> bytes:
    """Return a zip that was written into a pipe: sums and sizes come after each file."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", kind) as archive:
        for path, one in FILES.items():
            with archive.open(f"case/{path}", "w", force_zip64=wide) as file:
                file.write(one)
    return pipe.getvalue()


def wide() -> bytes:
    """Return a zip with sizes of 64 bits before each file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, one in FILES.items():
            with archive.open(f"case/{path}", "w", force_zip64=True) as file:
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


def with_slack(slack: bytes, size: int = 0) -> bytes:
    """Return a zip whose one more file holds something after its stream, or is called smaller."""
    text = b"a page that nothing proves" * 9
    content = bytearray(packed(FILES, ("case/page", text), kind=zipfile.ZIP_DEFLATED))
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


@pytest.mark.parametrize(
    "content",
    [
        streamed(),
        put(streamed(), SIZE, "<L", len(next(iter(FILES.values())))),  # as Info-ZIP does
        streamed(wide=True),
        wide(),
        with_slack(b""),
        packed(FILES),
    ],
    ids=["streamed", "streamed, of a size", "streamed, 64 bits", "64 bits", "deflated", "stored"],
)
def test_a_zip_as_programs_write_it_is_sound(tmp_path: Path, content: bytes) -> None:
    assert verdict(content, tmp_path) == 0


SIXTEEN = struct.pack("<HHQQ", 1, 16, 5, 5)
BEFORE: dict[str, Callable[[], bytes]] = {
    "a size that says nothing": lambda: put(packed(FILES), SIZE, "<L", WIDE),
    "a packed size that says nothing": lambda: put(packed(FILES), PACKED, "<L", WIDE),
    "sizes that say nothing": lambda: put(packed(FILES), PACKED, "<LL", WIDE, WIDE),
    "a sum that says nothing": lambda: put(packed(FILES), CRC, "<L", WIDE),
    "other sizes of 64 bits": lambda: put(wide(), extra_at(wide()) + 4, "<QQ", 1, 1),
    "a larger size of 64 bits": lambda: put(wide(), extra_at(wide()) + 4, "<Q", 2**40),
    "one size of 64 bits too few": lambda: put(wide(), SIZE, "<L", 5),
    "sizes of 64 bits beside others": lambda: added(packed(FILES), SIXTEEN),
    "sizes of 64 bits in the index beside others": lambda: added(packed(FILES), SIXTEEN, INDEX),
    "half an extra field": lambda: added(packed(FILES), b"\x01\x00\x10"),
    "an extra field that is cut off": lambda: added(packed(FILES), b"\x02\x00\x10\x00ab"),
}
"""What may stand before a file otherwise than in the index."""

STREAMED: dict[str, Callable[[], bytes]] = {
    "a stored file": lambda: streamed(zipfile.ZIP_STORED),
    "a sum before it": lambda: put(streamed(), CRC, "<L", 1),
    "a packed size before it": lambda: put(streamed(), PACKED, "<L", 1),
    "a size before it": lambda: put(streamed(), SIZE, "<L", 1),
    "sizes that say nothing before it": lambda: put(streamed(), PACKED, "<LL", WIDE, WIDE),
    "sizes of 64 bits before it": lambda: put(
        streamed(wide=True), extra_at(streamed(wide=True)) + 4, "<QQ", 1, 1
    ),
    "another sum after it": lambda: put(streamed(), streamed().index(DESCRIPTOR) + 4, "<L", 1),
    "a packed size after it": lambda: put(streamed(), streamed().index(DESCRIPTOR) + 8, "<L", 1),
    "a size after it": lambda: put(streamed(), streamed().index(DESCRIPTOR) + 12, "<L", 1),
    "no mark after it": lambda: put(streamed(), streamed().index(DESCRIPTOR), "<L", 7),
    "a flag only before it": lambda: put(packed(FILES), FLAGS, "<H", 8),
    "a flag only in the index": lambda: put(packed(FILES), packed(FILES).index(INDEX) + 8, "<H", 8),
    "another alphabet before it": lambda: put(packed(FILES), FLAGS, "<H", 0x800),
}
"""What may stand around a file whose size was not known when it was written."""

AROUND: dict[str, Callable[[], bytes]] = {
    "something after a stream": lambda: with_slack(b"slack"),
    "a stream that goes on": lambda: with_slack(b"", size=9),
    "an index elsewhere": lambda: put(packed(FILES), len(packed(FILES)) - 6, "<L", 0),
    "an index of another length": lambda: put(packed(FILES), len(packed(FILES)) - 10, "<L", 46),
    "fewer files": lambda: put(packed(FILES), len(packed(FILES)) - 14, "<HH", 1, 1),
    "files elsewhere": lambda: put(packed(FILES), len(packed(FILES)) - 14, "<H", 1),
    "another disk": lambda: put(packed(FILES), len(packed(FILES)) - 18, "<HH", 1, 1),
    "an index that says nothing": lambda: put(packed(FILES), len(packed(FILES)) - 6, "<L", WIDE),
    "a file on another disk": lambda: put(packed(FILES), packed(FILES).index(INDEX) + 34, "<H", 1),
}
"""What may stand within a file, and at the end."""


@pytest.mark.parametrize("what", [*BEFORE, *STREAMED, *AROUND])
def test_a_zip_that_contradicts_itself_is_none(tmp_path: Path, what: str) -> None:
    content = {**BEFORE, **STREAMED, **AROUND}[what]()
    assert verdict(content, tmp_path) == 2


def ended_twice(*classic: int) -> bytes:
    """Return a zip with an end of 64 bits, and another one that says so or something else."""
    content = packed(FILES)
    end, start = content.rindex(END), content.index(INDEX)
    count, length = struct.unpack_from("<HL", content, end + 10)
    known = (count, count, length, start)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *known)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    told = tuple(mine if mine >= 0 else theirs for mine, theirs in zip(classic, known, strict=True))
    return content[:end] + record + locator + struct.pack("<4sHHHHLLH", END, 0, 0, *told, 0)


@pytest.mark.parametrize(
    ("classic", "expected"),
    [
        ((-1, -1, -1, -1), 0),
        ((2**16 - 1, 2**16 - 1, WIDE, WIDE), 0),
        ((-1, -1, -1, 0), 2),
        ((-1, -1, 46, -1), 2),
        ((1, 1, -1, -1), 2),
    ],
)
def test_a_zip_ends_in_one_way(tmp_path: Path, classic: tuple[int, ...], expected: int) -> None:
    assert verdict(ended_twice(*classic), tmp_path) == expected
