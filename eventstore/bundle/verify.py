#!/usr/bin/env python3
"""Is this case what the log said? Runs alone: Python 3.9 or later, no network, nothing else.

    python3 -I verify.py                              the bundle that this file lies in
    python3 -I verify.py BUNDLE                       another one: a folder or a .zip
    python3 -I verify.py BUNDLE --key FILE            ... by the log's key as you were given it
    python3 -I verify.py BUNDLE --witness FILE        ... cosigned by a witness that you trust
    python3 -I verify.py BUNDLE --checkpoint FILE     ... beginning with what you have kept yourself
    python3 -I verify.py BUNDLE --later BUNDLE        ... and is there more of the case by now?
    python3 -I verify.py BUNDLE --report FILE         ... and a report about it
    python3 -I verify.py BUNDLE --disclosed FILE      ... and texts that were disclosed to you
    python3 -I verify.py BUNDLE --html FILE           the verdict as a page, too
    python3 -I verify.py --vectors vectors.json       whether this program computes what it should

It takes nothing from the product that made the bundle. FORMAT.md says what is computed and why.
It ends with 0 if the bundle is sound, 1 if it is false, 2 if that cannot be told.
"""

# Only what is built into the interpreter may be imported until it runs isolated: a file beside this
# one can have the name of any other module, `__future__` included.
import sys

if __name__ == "__main__" and (sys.version_info < (3, 9) or not sys.flags.isolated):
    if "posix" not in sys.builtin_module_names or not sys.executable or sys.version_info < (3, 9):
        sys.stderr.write("CANNOT BE TOLD: start me as python3 -I verify.py, Python 3.9 or later\n")
        sys.exit(2)
    from posix import execv

    execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv])

import argparse
import base64
import binascii
import contextlib
import hashlib
import html
import io
import json
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any, Callable, NamedTuple, Optional, Union

SOUND, FALSE, UNTOLD = 0, 1, 2
VERDICTS = ("sound", "false", "cannot be told")
FORMAT, FORMAT_1 = "muster-case-bundle/2", "muster-case-bundle/1"
SHOWN_MAX = 20
"""Findings that are printed; all are counted."""
FINDINGS_MAX = 1000
"""Findings of each verdict that are kept; all are counted."""
CONTRADICTIONS_MAX = 10_000
"""Contradictions after which no more lines are read: the bundle is false whatever follows."""
LINE_BYTES_MAX = 64 * 1024 * 1024
FILE_BYTES_MAX = 16 * 1024 * 1024
"""Bytes of a file that is read at once; events and proofs are read line by line."""
FILES_MAX = 1000
"""Files of a bundle."""
UNPACKED_BYTES_MAX = 4 * 1024 * 1024 * 1024
"""Bytes that the files of a zip have together."""
DEPTH_MAX = 64
"""Levels of arrays and objects in JSON."""
SIGNATURES_MAX = 100
SIGNATURES_OF_A_KEY_MAX = 4
WITNESSES_MAX = 32
ALONE = ("checkpoint", "consistency.json", "events.jsonl", "keys/log.vkey", "proofs.jsonl")
"""Files without which there is nothing to verify."""
WITNESSES = "keys/witnesses.vkeys"
HEAD = "head.json"
"""Which version of the case is the newest, by the map that the checkpoint signs."""
HEADS = "muster-heads/1 "
"""Begins the line of a checkpoint that signs such a map."""
PATH_HASHES_MAX = 256
"""Hashes on the way from the root of that map to an entry: one for each bit of its key."""
EXTRACT_VERSION_MAX = 63
"""Of a zip, as 6.3: what its index may say is needed to unpack it."""

PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
SEGMENT = re.compile(r"\.?[A-Za-z0-9_](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?")
TOP = re.compile(r"""[^\x00-\x1f\x7f-\x9f\\/:*?"<>|]{0,199}[^\x00-\x20\x7f-\xa0\\/:*?"<>|.]/""")
"""A folder that all is in; it is called as whoever made the zip likes."""
UNICODE_PATH, ZIP64 = 0x7075, 1
"""Extra fields of a zip: another name of a file, and sizes of 64 bits."""
WIDE = 2**32 - 1
"""What stands in the place of a size that takes 64 bits."""
DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
HASH = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"-?infinity|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
NAME = re.compile(
    "[^\\x00-\\x20+\\x7f-\\xa0\\xad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f"
    "\\u205f-\\u206f\\u3000\\ufeff\\ufff9-\\ufffb]+"
)
CONTROL = re.compile("[\\x00-\\x09\\x0b-\\x1f]")
SEALED = re.compile(r"sealed:v[12]:([A-Za-z0-9._/-]+):[A-Za-z0-9+/_=-]+")
COMMITTED = re.compile(r"sealed:v2:[A-Za-z0-9._/-]+:([A-Za-z0-9+/]+={0,2})")
"""What was sealed with a commitment; `sealed:v1` has none."""
COMMITMENT_TAG = b"muster/sealed/v2\x00"
COMMITMENT_BYTES = 32
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
INTEGER_MAX = 2**63 - 1
ENDLESS = {
    "-infinity": -(2**63),
    "0001-01-01T00:00:00.000000Z": -(2**63),  # so it was written before there were words for it
    "infinity": 2**63 - 1,
    "9999-12-31T23:59:59.999999Z": 2**63 - 1,
}
"""Moments before and after all others, and what is hashed for them."""

Fields = dict[str, tuple[type, Any]]
"""What an object must hold: each field, its kind, and the form of a text."""


class NotABundle(Exception):
    """There is nothing here that could be verified."""


class Broken(ValueError):
    """Something is not as it must be: which field, what was expected and found."""

    verdict = FALSE

    def __init__(self, field: str, expected: object, found: object) -> None:
        super().__init__(field, expected, found)
        self.field, self.expected, self.found = field, str(expected), str(found)

    def __str__(self) -> str:
        return f"{self.field}: expected {_short(self.expected)}, found {_short(self.found)}"


class Missing(Broken):
    """Something is not there that would tell."""

    verdict = UNTOLD


class Where(NamedTuple):
    """A place in a bundle."""

    file: str
    line: int = 0
    position: int = 0
    stream: str = ""
    version: int = 0

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        position = f"position {self.position}, " if self.position else ""
        stream = f"{self.stream} version {self.version}" if self.stream else ""
        return f"{self.file}{line}: {position}{stream}".rstrip(": ,")


class Report:
    """What was found, and what is stated of the bundle."""

    def __init__(self) -> None:
        self.divergences: list[dict[str, Any]] = []
        self.counts = {FALSE: 0, UNTOLD: 0}
        """How many findings there are of each verdict; the first of each are kept."""
        self.facts: dict[str, Any] = {}

    @property
    def verdict(self) -> int:
        """Return what all findings come to: one that is false outweighs all that is missing."""
        return next((code for code, count in self.counts.items() if count), SOUND)

    @property
    def count(self) -> int:
        """Return how many findings there are, those included that are not kept."""
        return sum(self.counts.values())

    def add(self, where: Where, broken: Broken) -> None:
        self.counts[broken.verdict] += 1
        if self.counts[broken.verdict] > FINDINGS_MAX:
            return
        said = {name: _short(getattr(broken, name)) for name in ("field", "expected", "found")}
        verdict = VERDICTS[broken.verdict]
        place = {"where": shown(where), **where._asdict()}
        self.divergences.append({"verdict": verdict, **place, **said})

    def diverges(self, where: Where, field: str, expected: object, found: object) -> None:
        self.add(where, Broken(field, expected, found))

    @contextlib.contextmanager
    def reading(self, where: Where) -> Iterator[None]:
        """Take down what is broken at a place, and go on after it."""
        try:
            yield
        except Broken as broken:
            self.add(where, broken)
        except UnicodeDecodeError as error:
            self.diverges(where, "text", "UTF-8", error.reason)


# -- the files -----------------------------------------------------------------------------------


class Bundle:
    """The files of a bundle, in a folder or in a zip, under plain names."""

    def __init__(self, path: str, packed: Optional[IO[bytes]] = None) -> None:
        self._folder = Path(path)
        self._zip: Optional[zipfile.ZipFile] = None
        self._inside = ""
        self.paths: list[str] = []
        try:
            if packed is None and self._folder.is_dir():
                self.paths = list(_walk(self._folder))
                plain(self.paths)
            else:
                self._zip = zipfile.ZipFile(packed or path)
                self._inside, self.paths = _zipped(self._zip)
        except Broken as broken:
            raise NotABundle(f"{path}: {broken}") from None
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
            raise NotABundle(f"{path}: {error}") from None

    def open(self, path: str) -> IO[bytes]:
        """Open a file. Raises Missing if there is none."""
        try:
            if self._zip is None:
                return (self._folder / path).open("rb")
            return self._zip.open(self._inside + path)
        except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise Missing("file", "to be there", type(error).__name__) from None

    def read(self, path: str) -> bytes:
        """Return a small file."""
        with self.open(path) as file:
            content = _guarded(lambda: file.read(FILE_BYTES_MAX + 1))
        if len(content) > FILE_BYTES_MAX:
            raise Broken("bytes", f"at most {FILE_BYTES_MAX}", "more")
        return content

    def lines(self, path: str, most: int) -> Iterator[bytes]:
        """Yield the lines of a file of so many bytes, each without its newline."""
        with self.open(path) as file:
            while True:
                line = _guarded(lambda: file.readline(LINE_BYTES_MAX))
                if not line:
                    return
                most -= len(line)
                if most < 0:
                    raise Broken("bytes", "as many as the manifest says", "more")
                if not line.endswith(b"\n"):
                    raise Broken("line", "to end in a newline", "it is cut off")
                yield line[:-1]

    def digest(self, path: str, most: int) -> tuple[int, str]:
        """Return how many bytes a file has, and their SHA-256; more than so many are not read."""
        size, digest = 0, hashlib.sha256()
        with self.open(path) as file:
            while size <= most:
                part = _guarded(lambda: file.read(1 << 20))
                if not part:
                    break
                size += len(part)
                digest.update(part)
        return size, digest.hexdigest()


class Held(Bundle):
    """A bundle in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.paths = files, list(files)
        try:
            plain(self.paths)
        except Broken as broken:
            raise NotABundle(str(broken)) from None

    def open(self, path: str) -> IO[bytes]:
        if path not in self.files:
            raise Missing("file", "to be there", "nothing")
        return io.BytesIO(self.files[path])


def plain(paths: Iterable[str]) -> None:
    """Raise Broken unless these are the same files wherever they are unpacked.

    A path that ends in a slash is a folder.
    """
    files: set[str] = set()
    folders: set[str] = set()
    entered: set[str] = set()
    for number, path in enumerate(paths):
        parts = path[: -1 if path.endswith("/") else None].split("/")
        fits = len(path) <= 200 and ".." not in path and number < 2 * FILES_MAX
        plainly = fits and all(SEGMENT.fullmatch(one) for one in parts)
        _holds("path", "a plain one, not too many", path, holds=plainly)
        device = any(DEVICE.fullmatch(one) for one in parts)
        _holds("path", "a file's, not a device's", path, holds=not device)
        second = len(parts) > 1 and parts[-1].lower() == "manifest.json"
        _holds("path", "one case", path, holds=not second)
        folded = path.lower()
        _holds("path", "one that is there once", path, holds=folded not in entered)
        entered.add(folded)
        if not folded.endswith("/"):
            files.add(folded)
        spelled = path if path.endswith("/") else path[: path.rfind("/") + 1]
        folders.update(spelled[:at] for at, one in enumerate(spelled) if one == "/")
    twins = {one.lower() for one in folders}
    _holds("path", "a folder in one spelling", sorted(folders), holds=len(twins) == len(folders))
    _holds("path", "a file or a folder", sorted(files & twins), holds=not files & twins)


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files of a folder. Raises Broken at what is neither file nor folder."""
    if not (folder / "manifest.json").is_file():
        raise Broken("manifest.json", "to be there", "none")
    waiting, count = [""], 0
    while waiting:
        inside = waiting.pop()
        with os.scandir(folder / inside) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                path, count = inside + entry.name, count + 1
                if entry.is_dir(follow_symlinks=False) and count <= 2 * FILES_MAX:
                    waiting.append(path + "/")
                elif entry.is_file(follow_symlinks=False):
                    yield path
                else:
                    raise Broken("path", "a file or a folder, and no link", path)


def _zipped(packed: zipfile.ZipFile) -> tuple[str, list[str]]:
    """Return in which folder of a zip the bundle is, and its files. Raises Broken, BadZipFile."""
    entries = packed.infolist()
    unpacked = sum(one.file_size for one in entries)
    _holds("bytes", f"at most {UNPACKED_BYTES_MAX}", unpacked, holds=unpacked <= UNPACKED_BYTES_MAX)
    _holds("files", f"at most {FILES_MAX}", len(entries), holds=len(entries) <= 2 * FILES_MAX)
    for one in entries:
        name, is_folder = one.orig_filename, one.orig_filename.endswith("/")
        kinds = (0, stat.S_IFDIR if is_folder else stat.S_IFREG)
        held = stat.S_IFMT(one.external_attr >> 16) in kinds and not (is_folder and one.file_size)
        _holds("path", "a file or a folder, and no link", name, holds=held)
        readable = not one.flag_bits & 0x61 and one.compress_type in (0, 8)
        _holds("path", "stored or deflated, not encrypted", name, holds=readable)
        same = one.filename == one.orig_filename
        _holds("path", "one name of a file", name, holds=same)
    assert packed.fp is not None  # noqa: S101 - it is open
    _tight(packed.fp, entries, packed.start_dir, packed.fp.seek(0, io.SEEK_END))
    names = [one.orig_filename for one in entries]
    inside = ""
    if "manifest.json" not in names:
        top = {name.partition("/")[0] for name in names}
        inside = min(top, default="") + "/"
        held = len(top) == 1 and bool(TOP.fullmatch(inside)) and not DEVICE.fullmatch(inside[:-1])
        _holds("path", "all in one folder", sorted(top)[:3], holds=held)
        _holds("manifest.json", "to be there", "none", holds=inside + "manifest.json" in names)
    found = [name[len(inside) :] for name in names if not inside or name != inside]
    plain(found)
    return inside, [name for name in found if not name.endswith("/")]


class Listed(NamedTuple):
    """A file as the index of a zip lists it, byte by byte."""

    name: bytes
    flags: int
    kind: int
    crc: int
    packed: int
    size: int
    start: int
    """Where its own header begins."""


def _tight(file: IO[bytes], entries: list[zipfile.ZipInfo], start: int, size: int) -> None:
    """Raise Broken unless a zip is its entries, one after another, and nothing else.

    Programs that unpack while they read go by what stands before each file, not by the index.
    """
    file.seek(start)
    listed = [_listed(file) for _ in entries]
    _ends(file, len(listed), start, size)
    known = [(one.CRC, one.compress_size, one.file_size, one.header_offset) for one in entries]
    same = known == [(one.crc, one.packed, one.size, one.start) for one in listed]
    _holds("zip", "one way to read its index", "another one", holds=same)
    at = 0
    for one in sorted(listed, key=lambda one: one.start):
        _holds("zip", "nothing between files", one.start - at, holds=one.start == at)
        at = _entry(file, one)
    _holds("zip", "nothing after files", start - at, holds=start == at)


def _listed(file: IO[bytes]) -> Listed:
    """Read the next entry of the index."""
    mark, *about, disk, _, _, start = _fields(file, "<4sHHHHHHLLLHHHHHLL")
    _, needed, flags, kind, _, _, crc, packed, size, name, extra, comment = about
    _holds("zip", "an index of one file", mark, holds=(mark, disk) == (b"PK\x01\x02", 0))
    _holds("zip", "no comment", comment, holds=comment == 0)
    most = EXTRACT_VERSION_MAX
    _holds("zip", f"version {most} at most", needed & 0xFF, holds=needed & 0xFF <= most)
    named, more = file.read(name), file.read(extra)
    size, packed, start = _wide(more, size, packed, start)
    return Listed(named, flags, kind, crc, packed, size, start)


def _entry(file: IO[bytes], one: Listed) -> int:
    """See that what stands around a file is what the index says, and return where it ends."""
    file.seek(one.start)
    mark, *about = _fields(file, "<4sHHHHHLLLHH")
    name, extra = int(about.pop(-2)), int(about.pop(-1))
    _, flags, kind, _, _, crc, packed, size = about
    named, more = file.read(name), file.read(extra)
    _holds("zip", "a file to begin with its header", mark, holds=mark == b"PK\x03\x04")
    alike = (named, flags & 0x809, kind) == (one.name, one.flags & 0x809, one.kind)
    _holds("zip", "a file to be what the index says", one.name, holds=alike)
    wide = (size, packed) == (WIDE, WIDE)
    found = (crc, *_wide(more, size, packed))
    streamed = bool(flags & 8)
    meant = (one.crc, one.size, one.packed)
    alike = all(told == mine or (streamed and not told) for told, mine in zip(found, meant))
    held = alike and (wide or WIDE not in (size, packed))
    _holds("zip", f"the sum and sizes {meant} before a file", found, holds=held)
    _holds(
        "zip", "a stored file with its size before it", one.name, holds=kind == 8 or not streamed
    )
    start = one.start + 30 + name + extra
    at = start + one.packed
    _one_stream(file, one, start)
    if not streamed:
        return at
    form = "<4sLQQ" if wide else "<4sLLL"
    file.seek(at)
    after, told = _fields(file, form), (b"PK\x07\x08", one.crc, one.packed, one.size)
    _holds("zip", f"the sum and sizes {told[1:]} after a file", after[1:], holds=after == told)
    return at + struct.calcsize(form)


def _one_stream(file: IO[bytes], one: Listed, start: int) -> None:
    """See that a file is packed as one stream that ends where the index says, and as summed up."""
    file.seek(start)
    if one.kind == 0:
        _holds("zip", "a stored file of one size", one.name, holds=one.packed == one.size)
        crc, left = 0, one.size
        while part := file.read(min(left, 1 << 20)):
            crc, left = binascii.crc32(part, crc), left - len(part)
        _holds("zip", f"the sum {one.crc} of a file", crc, holds=(crc, left) == (one.crc, 0))
        return
    import zlib  # noqa: PLC0415 - some interpreters have none, and can read folders

    stream, left, size, crc = zlib.decompressobj(-15), one.packed, 0, 0
    while size <= one.size and not stream.eof:
        part = stream.unconsumed_tail
        if not part:
            part = file.read(min(left, 1 << 16))
            left -= len(part)
        try:
            made = stream.decompress(part, 1 << 20)
        except zlib.error as error:
            raise Broken("zip", "a deflated file", error) from None
        if not part and not made:
            break
        size, crc = size + len(made), binascii.crc32(made, crc)
    whole = stream.eof and not left and not stream.unused_data and size == one.size
    _holds("zip", "one stream to be a file", one.name, holds=whole)
    _holds("zip", f"the sum {one.crc} of a file", crc, holds=crc == one.crc)


def _ends(file: IO[bytes], count: int, start: int, size: int) -> None:
    """See that an index ends a zip, and is found in one way only."""
    end, last = file.tell(), size - 22
    _holds("zip", "nothing after its index", last - end, holds=last - end in (0, 76))
    known = (count, count, end - start, start)
    if last > end:
        more, locator = _fields(file, "<4sQHHLLQQQQ"), _fields(file, "<4sLQL")
        held = more[:2] == (b"PK\x06\x06", 44) and more[4:] == (0, 0, *known)
        held = held and locator == (b"PK\x06\x07", 0, end, 1)
        _holds("zip", "one index", more, holds=held)
    file.seek(last)
    mark, *disks, files, among, length, at, comment = _fields(file, "<4sHHHHLLH")
    found, most = (among, files, length, at), (2**16 - 1, 2**16 - 1, WIDE, WIDE)
    alike = all(
        mine == theirs or (last > end and mine == full)
        for mine, theirs, full in zip(found, known, most)
    )
    held = (mark, disks, comment) == (b"PK\x05\x06", [0, 0], 0) and alike
    _holds("zip", f"the index {known} at its end", found, holds=held)


def _fields(file: IO[bytes], form: str) -> tuple[Any, ...]:
    """Read numbers of a zip."""
    content = file.read(struct.calcsize(form))
    _holds("zip", "whole", "cut off", holds=len(content) == struct.calcsize(form))
    return struct.unpack(form, content)


def _wide(extra: bytes, *numbers: int) -> list[int]:
    """Return sizes; for those that don't fit, what stands in the one extra field for them."""
    fields = _extras(extra)
    _holds(
        "zip", "one name of a file", "two", holds=all(kind != UNICODE_PATH for kind, _ in fields)
    )
    held = [content for kind, content in fields if kind == ZIP64]
    large = numbers.count(WIDE)
    meant = [8 * large] if large else []
    found = [len(one) for one in held]
    _holds("zip", f"fields {meant} of 64 bits", found, holds=found == meant)
    sizes = iter(struct.unpack(f"<{large}Q", held[0]) if large else ())
    return [next(sizes) if one == WIDE else one for one in numbers]


def _extras(content: bytes) -> list[tuple[int, bytes]]:
    """Return the extra fields, each with its kind."""
    found, at = [], 0
    while at + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, at)
        found.append((kind, content[at + 4 : at + 4 + size]))
        at += 4 + size
    _holds("zip", "whole extra fields", content[:40].hex(), holds=at == len(content))
    return found


# -- what is hashed ----------------------------------------------------------------------------


def genesis(stream: str) -> bytes:
    """Return what the first event of a stream is chained to."""
    return _sha256(b"muster/stream/v1\x00" + _sized(stream))


def preimage(event: dict[str, Any]) -> bytes:
    """Return the bytes whose SHA-256 is the hash of an event."""
    return b"".join(
        (
            b"muster/event/v1\x00",
            bytes.fromhex(event["before"]),
            _sized(event["stream"]),
            event["version"].to_bytes(8, "big"),
            bytes.fromhex(event["event_id"].replace("-", "")),
            microseconds(event["recorded_at"]).to_bytes(8, "big", signed=True),
            microseconds(event["occurred_at"]).to_bytes(8, "big", signed=True),
            _sized(event["type"]),
            event["schema_version"].to_bytes(2, "big"),
            _sha256(event["data"].encode()),
            _sha256(event["meta"].encode()),
        )
    )


def microseconds(instant: str) -> int:
    """Return the microseconds from 2000 to an instant."""
    if instant in ENDLESS:
        return ENDLESS[instant]
    try:
        numbers = [int(part) for part in re.split("[-T:.]", instant[:-1])]
        read = datetime(*numbers, tzinfo=timezone.utc)  # type: ignore[arg-type, misc] # seven
    except ValueError:
        raise Broken("instant", "a moment that there is", instant) from None
    return (read - EPOCH) // timedelta(microseconds=1)


def leaf(entry: bytes) -> bytes:
    """Return the leaf of an event's hash in the tree."""
    return _sha256(b"\x00" + entry)


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash over two parts of the tree."""
    return _sha256(b"\x01" + left + right)


def includes(start: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Tell whether a leaf is in a tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, start
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(first: int, older: bytes, second: int, newer: bytes, proof: list[bytes]) -> bool:
    """Tell whether a tree begins with an older one (RFC 9162, 2.1.4.2)."""
    if first in (0, second):
        return not proof and older == (newer if first else _sha256(b""))
    if not 0 < first < second or not proof:
        return False
    hashes = [older, *proof] if first & (first - 1) == 0 else proof
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    left = right = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            left, right = node(sibling, left), node(sibling, right)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            right = node(right, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and left == older and right == newer


# -- signatures: Ed25519 (RFC 8032), in numbers -------------------------------------------------

Point = tuple[int, int, int, int]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is that of a key over a message.

    Strictly: each point has one encoding, and none is of small order, which would sign anything.
    """
    if len(public) != 32 or len(signature) != 64:
        return False
    key, point, scalar = _point(public), _point(signature[:32]), signature[32:]
    if key is None or point is None or int.from_bytes(scalar, "little") >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus: Point = (P - key[0], key[1], key[2], P - key[3])
    both, found = _add(BASE, minus), NEUTRAL
    factors = f"{int.from_bytes(scalar, 'little'):0256b}", f"{challenge:0256b}"
    for one, two in zip(*factors):
        found = _add(found, found)
        which = (one == "1") + 2 * (two == "1")
        if which:
            found = _add(found, (BASE, minus, both)[which - 1])
    return _packed(found) == signature[:32]


def _point(packed: bytes) -> Optional[Point]:
    """Return the point that is encoded so, if there is one and it is not of small order."""
    number = int.from_bytes(packed, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    point: Point = (x, y, 1, x * y % P)
    eightfold = point
    for _ in range(3):
        eightfold = _add(eightfold, eightfold)
    return None if eightfold[0] == 0 else point


def _add(one: Point, two: Point) -> Point:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _packed(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL


# -- signed notes (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature) ---------------------


class Key(NamedTuple):
    """A key that signatures are checked with."""

    name: str
    key_id: bytes
    kind: int
    public: bytes
    text: str

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Read a key. Raises Broken."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        content = _unbase64("key", encoded)
        if len(content) != 33 or content[0] not in (1, 4) or not NAME.fullmatch(name):
            raise Broken("key", "name+id+key, of kind 1 or 4", text)
        made = _sha256(name.encode() + b"\n" + content)[:4]
        if made.hex() != key_id:
            raise Broken("key", f"the id {made.hex()}", key_id)
        return cls(name, made, content[0], content[1:], text)

    def named(self, name: str) -> "Key":
        """Return the same key under another name."""
        content = bytes([self.kind]) + self.public
        made = _sha256(name.encode() + b"\n" + content)[:4]
        text = f"{name}+{made.hex()}+{base64.b64encode(content).decode()}"
        return self._replace(name=name, key_id=made, text=text)

    def of(self, origin: str) -> "Key":
        """Return the same key in the lineage of an origin; itself if that is of another log."""
        same = lineage_of(origin)[0] == lineage_of(self.name)[0]
        return self.named(origin) if same else self

    def signed(self, text: str, signature: bytes) -> bool:
        if self.kind == 4:
            time = int.from_bytes(signature[:8], "big")
            text, signature = f"cosignature/v1\ntime {time}\n{text}", signature[8:]
        return ed25519(self.public, text.encode(), signature)


class Checkpoint(NamedTuple):
    """What the log was, as it was signed."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: list[tuple[str, bytes, bytes]]

    @classmethod
    def parse(cls, note: bytes) -> "Checkpoint":
        """Read a checkpoint. Raises Broken."""
        text, empty, below = note.decode().rpartition("\n\n")
        lines = text.split("\n")
        whole = empty and below.endswith("\n") and not CONTROL.search(text + below)
        if not whole or len(lines) < 3 or not all(lines):
            raise Broken("note", "a text of three lines, an empty line, signatures", note[:200])
        if not SIZE.fullmatch(lines[1]) or int(lines[1]) > INTEGER_MAX:
            raise Broken("size", "a number", lines[1])
        root = _unbase64("root", lines[2])
        if len(root) != 32:
            raise Broken("root", "32 bytes", len(root))
        signed = below[:-1].split("\n")
        most = SIGNATURES_MAX
        _holds("signatures", f"at most {most}", len(signed), holds=len(signed) <= most)
        signatures = [_signature(line) for line in dict.fromkeys(signed)]
        return cls(lines[0], int(lines[1]), root, text + "\n", signatures)

    @property
    def heads_lines(self) -> list[str]:
        """Return what this says of the map from each stream to its newest version."""
        lines = self.text.split("\n")[3:]
        return [one[len(HEADS) :] for one in lines if one.startswith(HEADS)]

    def heads(self) -> bytes:
        """Return the root of that map. Raises Broken if there is not just one."""
        lines = self.heads_lines
        _holds("heads", "one map in the checkpoint", len(lines), holds=len(lines) == 1)
        root = _unbase64("heads", lines[0])
        _holds("heads", "32 bytes", len(root), holds=len(root) == 32)
        return root

    def require(self, key: Key) -> None:
        """Raise Broken unless the log signed this."""
        if self.origin != key.name:
            raise Broken("origin", key.name, self.origin)
        if not self.signed_by(key):
            raise Broken("signature", f"one by {key.text}", "none")

    def signed_by(self, key: Key) -> bool:
        """Tell whether a key signed. Raises Broken for a signature of its that is wrong."""
        found = [one for name, key_id, one in self.signatures if (name, key_id) == key[:2]]
        most = SIGNATURES_OF_A_KEY_MAX
        _holds("signatures", f"at most {most} of a key", len(found), holds=len(found) <= most)
        if not all(key.signed(self.text, one) for one in found):
            raise Broken("signature", f"that of {key.text}", "another one")
        return bool(found)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    content = _unbase64("signature", encoded)
    if dash != "\u2014" or not NAME.fullmatch(name) or len(content) <= 4:
        raise Broken("signature", "a dash, a name and base64", line)
    return name, content[:4], content[4:]


# -- the steps -----------------------------------------------------------------------------------


Proofs = dict[tuple[int, int], list[bytes]]
"""Proofs that a tree begins with an older one, by the sizes of both, the older one's first."""


class Given(NamedTuple):
    """What you know yourself, and did not take from the bundle."""

    key: Optional[str] = None
    witnesses: tuple[str, ...] = ()
    checkpoints: tuple[tuple[str, bytes], ...] = ()
    """Where each comes from, and its note."""
    proofs: Proofs = {}  # noqa: RUF012 - nobody changes it
    later: tuple[str, ...] = ()
    """Where later bundles of the case are, or later checkpoints."""


class Verification:
    """One bundle, step by step. `report` says what was found."""

    def __init__(self, bundle: Bundle, given: Given) -> None:
        self.bundle, self.given, self.report = bundle, given, Report()
        self.manifest = _manifest(bundle)
        self.files = {one["path"]: one for one in self.manifest["files"]}
        self.key: Optional[Key] = None
        self.checkpoint: Optional[Checkpoint] = None
        self.witnesses: list[Key] = []
        self.trusted = [Key.parse(one) for one in given.witnesses]
        self.proofs: Proofs = {}
        self.seen: dict[str, dict[int, str]] = {}
        """The hash of each event, by stream and version."""
        self.positions: dict[int, int] = {}
        """Where in the log each version of the case is."""
        self.proving = {"manifest.json", *ALONE, WITNESSES}

    def run(self) -> Report:
        self._files()
        self._keys()
        with self.report.reading(Where("checkpoint")):
            self._latest()
        if self.checkpoint is not None:
            self._earlier(self.checkpoint)
            lineages = earlier_lineages(self, self.checkpoint)
            self._yours(self.checkpoint, lineages)
            events = Events(self)
            events.run(self.checkpoint)
            events.whole.tell_of_divergences(lineages if events.is_read else {})
            self.seen, self.positions = events.seen, events.positions
            newest_version(self, self.checkpoint)
        listed = self.proving & set(self.files) | {"manifest.json"}
        self.report.facts["unproven"] = sorted({*self.files, *self.bundle.paths} - listed)
        return self.report

    def _files(self) -> None:
        """Every file is the one that the manifest means."""
        for path in ALONE:
            if path not in self.files:
                self.report.diverges(Where("manifest.json"), "files", f"{path} among them", "not")
        for path, meant in self.files.items():
            with self.report.reading(Where(path)):
                size, digest = self.bundle.digest(path, meant["bytes"])
                if (size, digest) != (meant["bytes"], meant["sha256"]):
                    raise Broken(
                        "sha256",
                        f"{meant['bytes']} bytes, {meant['sha256']}",
                        f"{size} bytes, {digest}",
                    )

    def _keys(self) -> None:
        """See that the log's key is the one that you were given; else take the bundle's."""
        with self.report.reading(Where("keys/log.vkey")):
            (line,) = _key_lines(self.bundle.read("keys/log.vkey"), 1)
            mine = Key.parse(line)
            _holds("key", "that of a log, of kind 1", line, holds=mine.kind == 1)
            if self.given.key and Key.parse(self.given.key).of(mine.name) != mine:
                raise Broken("key", self.given.key, mine.text)
            self.key = mine
        if WITNESSES in self.files:
            with self.report.reading(Where(WITNESSES)):
                lines = _key_lines(self.bundle.read(WITNESSES), WITNESSES_MAX)
                self.witnesses = [Key.parse(line) for line in dict.fromkeys(lines)]

    def _latest(self) -> None:
        """See that the log signed the newest checkpoint, and the witnesses that you name."""
        read = Checkpoint.parse(self.bundle.read("checkpoint"))
        self.checkpoint = read
        if self.key is None and self.given.key:
            self.key = Key.parse(self.given.key).of(read.origin)
        for name, found in (("checkpoint", read.size), ("log", read.origin)):
            if self.manifest[name] != found:
                where = Where("manifest.json")
                self.report.diverges(where, name, found, self.manifest[name])
        given = self.given.key is not None
        facts = {"log": read.origin, "size": read.size, "root": read.root.hex()}
        facts |= {"key": self.key.text if self.key else None, "key_given": given}
        self.report.facts |= facts
        if self.key is not None:
            read.require(self.key)
        signed = [one for one in self.witnesses if read.signed_by(one)]
        self.report.facts["witnesses"] = cosigned = []
        for witness in self.trusted:
            with self.report.reading(Where("checkpoint")):
                if not read.signed_by(witness):
                    raise Missing("cosignature", f"one by {witness.text}", "none")
                cosigned.append(witness.name)
        claimed = {one.name for one in signed if one not in self.trusted}
        self.report.facts["claimed_witnesses"] = sorted(claimed)

    def _earlier(self, latest: Checkpoint) -> None:
        """See that the newest tree begins with each of the earlier ones."""
        with self.report.reading(Where("consistency.json")):
            said = strict(self.bundle.read("consistency.json").decode())
            self.proofs = _consistency(said)
            _same("size", latest.size, said["size"])
        self.report.facts |= {"earlier_checkpoints": 0, "timestamps": 0}
        for path in self.files:
            with self.report.reading(Where(path)):
                if path.startswith("checkpoints/"):
                    self._older(path, "checkpoints/{}", latest)
                    self.report.facts["earlier_checkpoints"] += 1
                elif path.startswith("timestamps/") and path.endswith(".note"):
                    self._older(path, "timestamps/{}.note", latest)
                    self._timestamp(path, path[:-4] + "tsr")
                    self.report.facts["timestamps"] += 1

    def _older(self, path: str, form: str, latest: Checkpoint) -> None:
        self.proving.add(path)
        read = Checkpoint.parse(self.bundle.read(path))
        _same("size", path, form.format(read.size))
        if self.key is not None:
            read.require(self.key)
        for witness in self.trusted:
            read.signed_by(witness)
        _begins(latest, read, self.proofs)

    def _timestamp(self, note: str, token: str) -> None:
        """See that a token of RFC 3161 is over this note; whose it is, other tools tell."""
        if token not in self.files:
            raise Missing("timestamp", f"{token} in the manifest", "none")
        self.proving.add(token)
        digests = [hashlib.new(name, self.bundle.read(note)) for name in ("sha256", "sha512")]
        content = self.bundle.read(token)
        held = any(digest.digest() in content for digest in digests)
        _holds("timestamp", digests[0].hexdigest(), "another digest", holds=held)

    def _yours(self, latest: Checkpoint, lineages: dict[int, Checkpoint]) -> None:
        """See that the log begins with what you have kept of it yourself, or that with it."""
        self.report.facts["kept_checkpoints"] = proven = []
        self.report.facts["kept_ends"] = ends = []
        for path, note in self.given.checkpoints:
            with self.report.reading(Where(path)):
                yours, number = Checkpoint.parse(note), lineage_of(latest.origin)[1]
                if self.key is not None:
                    yours.require(self.key.of(yours.origin))
                its = lineage_of(yours.origin)[1]
                if its != number:
                    _ended(yours, lineages.get(its))
                    ends.append([its, yours.size])
                    continue
                proofs = {**self.proofs, **self.given.proofs}
                if yours.size > latest.size:
                    _begins(yours, latest, proofs)
                else:
                    _begins(latest, yours, proofs)
                proven.append(yours.size)


def _ended(yours: Checkpoint, last: Optional[Checkpoint]) -> None:
    """Raise Broken unless a checkpoint is the last one of its lineage, Missing if nothing tells."""
    if last is None or last.size != yours.size:
        found = f"one of {last.size}" if last else "none"
        raise Missing("proof", f"the end of {yours.origin} with {yours.size} events", found)
    _same("root", last.root.hex(), yours.root.hex())


def _may_be_told(newer: Checkpoint, older: Checkpoint, proofs: Proofs) -> bool:
    """Tell whether something tells that a tree begins with an older one, or that it does not."""
    return newer.size == older.size or (older.size, newer.size) in proofs


def _begins(newer: Checkpoint, older: Checkpoint, proofs: Proofs) -> None:
    """Raise Broken unless a tree begins with an older one, Missing if nothing tells."""
    proof = proofs.get((older.size, newer.size))
    if proof is None:
        if newer.size != older.size:
            raise Missing("proof", f"one that {newer.size} begins with {older.size}", "none")
        proof = []
    if newer.size == older.size and newer.root != older.root:
        raise Broken("root", newer.root.hex(), older.root.hex())
    if not extends(older.size, older.root, newer.size, newer.root, proof):
        raise Broken("consistency", f"the tree of {newer.size} to begin with it", "it does not")


SPAN: Fields = {
    "stream": (str, None),
    "first": (int, None),
    "last": (int, None),
    "hash": (str, HASH),
}


EVENT: Fields = {
    "position": (int, None),
    "stream": (str, re.compile(r"[^/\n]+/[^\n]+")),
    "version": (int, None),
    "event_id": (str, UUID),
    "recorded_at": (str, INSTANT),
    "occurred_at": (str, INSTANT),
    "type": (str, re.compile(r"[^\n]+")),
    "schema_version": (int, None),
    "data": (str, None),
    "meta": (str, None),
    "data_sha256": (str, HASH),
    "meta_sha256": (str, HASH),
    "before": (str, HASH),
    "hash": (str, HASH),
}


class Events:
    """The events: each is what was hashed, in its place in its stream, and in the tree."""

    def __init__(self, verification: Verification) -> None:
        self.bundle, self.report = verification.bundle, verification.report
        self.manifest, self.files = verification.manifest, verification.files
        self.heads: dict[str, tuple[int, str]] = {}
        self.seen: dict[str, dict[int, str]] = {}
        self.positions: dict[int, int] = {}
        self.count = self.position = 0
        self.recorded_at = ""
        self.whole = Completeness(self.manifest, self.report)
        self.is_read = True
        """Whether the events could be read; else nothing is said of what is not among them."""
        self.proofs = self._proven()
        self.proof: Optional[tuple[int, int, list[bytes]]] = None
        self.sealed: dict[str, int] = {}
        self.erased: set[str] = set()

    def run(self, checkpoint: Checkpoint) -> None:
        names = ("case", "export", "format")
        facts: dict[str, Any] = {name: self.manifest[name] for name in names}
        facts["lineage"] = lineage_of(checkpoint.origin)[1]
        self.report.facts |= {**facts, "evaluations": []}
        with contextlib.suppress(Missing), self.bundle.open("events.jsonl"):
            self.proof = next(self.proofs, None)
        for number, line in self._lines("events.jsonl"):
            where = Where("events.jsonl", number)
            with self.report.reading(where):
                self._take(where, line, checkpoint)
        if self.is_read:
            while self.proof is not None:
                self._left_over(*self.proof[:2])
                self.proof = next(self.proofs, None)
            self.whole.run(self.seen)
        self.report.facts |= {
            "events": self.count,
            "position": self.position,
            "streams": {name: _ranges(seen) for name, seen in sorted(self.seen.items())},
            "heads": {name: head for name, (_, head) in sorted(self.heads.items())},
            "sealed_texts": sum(self.sealed.values()),
            "erasure_ordered": sum(self.sealed.get(key, 0) for key in self.erased),
        }
        if self.is_read and self.count != self.manifest["events"]:
            meant = self.manifest["events"]
            self.report.diverges(Where("events.jsonl"), "events", meant, self.count)

    def _lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        most = self.files.get(path, {"bytes": 0})["bytes"]
        with self.report.reading(Where(path)):
            try:
                for number, line in enumerate(self.bundle.lines(path, most), start=1):
                    if self.report.counts[FALSE] >= CONTRADICTIONS_MAX:
                        self.is_read = False
                        raise Broken(
                            "lines", f"at most {CONTRADICTIONS_MAX} that are false", "more"
                        )
                    yield number, line
            except Missing:
                self.is_read = self.is_read and path != "events.jsonl"
                raise

    def _take(self, where: Where, line: bytes, checkpoint: Checkpoint) -> None:
        event = strict(line.decode())
        _shape("event", event, EVENT)
        where = where._replace(**{name: event[name] for name in ("position", "stream", "version")})
        with self.report.reading(where):
            for name in ("position", "version", "schema_version"):
                most = INTEGER_MAX if name != "schema_version" else 2**15 - 1
                _holds(name, f"1 to {most}", event[name], holds=1 <= event[name] <= most)
            for verify in (self._place, self._content):
                with self.report.reading(where):
                    verify(where, event)
            self._tree(event, checkpoint)
        self._keep(event)

    def _content(self, where: Where, event: dict[str, Any]) -> None:
        """See that what is in an event is what was hashed."""
        for name in ("data", "meta"):
            digest = _sha256(event[name].encode()).hex()
            with self.report.reading(where):
                _same(name, event[f"{name}_sha256"], digest)
        sealed = _sha256(preimage(event)).hex()
        _same("hash", sealed, event["hash"])

    def _place(self, where: Where, event: dict[str, Any]) -> None:
        """See that it comes after the one before it: in the log, in time, in its stream."""
        after = event["position"] > self.position
        _holds("position", f"after {self.position}", event["position"], holds=after)
        later = event["recorded_at"] >= self.recorded_at
        _holds("recorded_at", f"from {self.recorded_at}", event["recorded_at"], holds=later)
        version, before = self.heads.get(event["stream"], (0, ""))
        grows = event["version"] > version
        _holds("version", f"more than {version}", event["version"], holds=grows)
        if event["version"] == 1:
            before = genesis(event["stream"]).hex()
        elif event["version"] != version + 1:
            return
        with self.report.reading(where):
            _same("before", before, event["before"])

    def _tree(self, event: dict[str, Any], checkpoint: Checkpoint) -> None:
        """See that its hash is the leaf at its position in the tree that was signed."""
        path, size = self._proof_of(event["position"]), checkpoint.size
        if path is None:
            raise Missing("proof", "one", "none")
        index = event["position"] - 1
        _holds("position", f"at most {size}", event["position"], holds=index < size)
        held = includes(leaf(bytes.fromhex(event["hash"])), index, size, path, checkpoint.root)
        _holds("inclusion", f"the leaf {index} of the tree of {size}", event["hash"], holds=held)

    def _proof_of(self, position: int) -> Optional[list[bytes]]:
        """Return the proof of an event; what is proven before it has no event."""
        while self.proof is not None and self.proof[1] <= position:
            number, at, path = self.proof
            self.proof = next(self.proofs, None)
            if at == position:
                return path
            self._left_over(number, at)
        return None

    def _left_over(self, number: int, position: int) -> None:
        where = Where("proofs.jsonl", number, position)
        self.report.diverges(where, "position", "the event", "only its proof")

    def _proven(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Yield the proofs, each with its line and its event's position."""
        for number, line in self._lines("proofs.jsonl"):
            with self.report.reading(Where("proofs.jsonl", number)):
                said = strict(line.decode())
                _shape("proof", said, {"position": (int, None), "proof": (list, None)})
                yield number, said["position"], _hashes("proof", said["proof"])

    def _keep(self, event: dict[str, Any]) -> None:
        self.count += 1
        self.position = max(self.position, event["position"])
        self.recorded_at = max(self.recorded_at, event["recorded_at"])
        self.heads[event["stream"]] = (event["version"], event["hash"])
        self.seen.setdefault(event["stream"], {})[event["version"]] = event["hash"]
        for key in SEALED.findall(event["data"]):
            self.sealed[key] = self.sealed.get(key, 0) + 1
        if event["type"] == "PersonalDataErased":
            keys = _lenient(event["data"]).get("keys")
            self.erased.update(map(str, keys if isinstance(keys, list) else ()))
        if event["stream"] == f"incident/{self.manifest['case']}":
            self._tell_of_case(event)
        if event["stream"] == f"export/{self.manifest['export']}":
            self._tell_of_export(event)
        self.whole.take(event)

    def _tell_of_case(self, event: dict[str, Any]) -> None:
        facts, self.positions[event["version"]] = self.report.facts, event["position"]
        facts.setdefault("first_recorded_at", event["recorded_at"])
        facts["last_recorded_at"] = event["recorded_at"]
        if event["type"] == "EvaluationCompleted":
            with contextlib.suppress(Broken):
                said = strict(event["data"])
                _shape(
                    "evaluation", said, {"up_to_version": (int, None), "report_sha256": (str, HASH)}
                )
                facts["evaluations"].append([said["up_to_version"], said["report_sha256"]])

    def _tell_of_export(self, event: dict[str, Any]) -> None:
        meta = _lenient(event["meta"])
        names = {"exported_by": "actor", "on_behalf_of": "on_behalf_of", "exported_for": "reason"}
        told = {name: str(meta.get(field) or "") for name, field in names.items()}
        self.report.facts |= {"exported_at": event["recorded_at"], **told}


def _ranges(versions: Iterable[int]) -> str:
    """Return which versions there are: `1, 4-5`."""
    found: list[list[int]] = []
    for version in sorted(versions):
        if found and found[-1][1] + 1 == version:
            found[-1][1] = version
        else:
            found.append([version, version])
    return ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in found)


# -- nothing left out ----------------------------------------------------------------------------

OF_A_LINEAGE = re.compile(r"(.+)/([2-9]|[1-9][0-9]{1,2})")
ENDS_A_LINEAGE = frozenset({"leaf", "root", "end", "checkpoint"})
ENDS_BY_OTHERS = frozenset({"witness", "archive"})
"""Which divergences are from what was signed: the log went on under another name."""


class Completeness:
    """One case from its first event to its export, with nothing left out, and nothing else."""

    def __init__(self, manifest: dict[str, Any], report: Report) -> None:
        self.report, self.manifest = report, manifest
        self.is_first_format = manifest["format"] == FORMAT_1
        self.case, self.mine = f"incident/{manifest['case']}", f"export/{manifest['export']}"
        self.opening: Optional[dict[str, Any]] = None
        self.end: Optional[dict[str, Any]] = None
        self.export: Optional[dict[str, Any]] = None
        self.acknowledged: list[dict[str, Any]] = []
        self.positions: list[int] = []

    def take(self, event: dict[str, Any]) -> None:
        """Take the next event into account."""
        stream = event["stream"]
        if stream == self.case:
            self.opening, self.end = self.opening or event, event
        if stream == self.mine:
            self.export = event
        elif stream.startswith("log/"):
            self.acknowledged.append(event)
        else:
            self.positions.append(event["position"])

    def run(self, seen: dict[str, dict[int, str]]) -> None:
        """See that the events are those that were exported: none more, none less."""
        where, before = Where("events.jsonl", stream=self.mine), self.report.count
        if self.export is None:
            self.report.diverges(where, "export", f"the event of {self.mine}", "none")
            return
        with self.report.reading(where):
            said = self._exported(self.export, seen)
            self._held(said["spans"], seen)
            with self.report.reading(where):
                self._spans(said["spans"])
            with self.report.reading(Where("events.jsonl", stream=self.case)):
                self._from_its_beginning(self.export)
                if not self.is_first_format:
                    self._to_its_end(said, self.export)
        if self.report.count == before and self.end is not None:
            as_of = None if self.is_first_format else self.end["recorded_at"]
            told = {"versions": self.end["version"], "position": self.export["position"] - 1}
            self.report.facts["whole"] = {**told, "as_of": as_of}

    def _exported(self, event: dict[str, Any], seen: dict[str, dict[int, str]]) -> dict[str, Any]:
        """Read the export. It has its own type, and is the one event of its stream."""
        _same("export", [1], list(seen[self.mine]))
        _same("type", "CaseExported", event["type"])
        _same("schema_version", 1 if self.is_first_format else 2, event["schema_version"])
        said: dict[str, Any] = strict(event["data"])
        fields: Fields = {"incident": (str, UUID), "spans": (list, None)}
        _shape("export", said, fields if self.is_first_format else {**fields, "as_of": (int, None)})
        _same("case", said["incident"], self.manifest["case"])
        meta = strict(event["meta"])
        _holds("meta", "an object", event["meta"], holds=isinstance(meta, dict))
        _same("command_id", self.manifest["export"], meta.get("command_id"))
        actor = meta.get("actor")
        _holds("actor", "a name", actor, holds=isinstance(actor, str) and actor != "")
        return said

    def _held(self, spans: list[Any], seen: dict[str, dict[int, str]]) -> None:
        """See that all versions of all spans are there, and no other event."""
        left = {name: dict(versions) for name, versions in seen.items() if name != self.mine}
        for span in spans:
            self._span(span, left)
        position = self.export["position"] if self.export else 0
        for event in self.acknowledged:
            if not self.is_first_format and event["position"] > position:
                left[event["stream"]].pop(event["version"], None)
        for stream, versions in left.items():
            for version in versions:
                at = Where("events.jsonl", stream=stream, version=version)
                self.report.diverges(at, "export", "only what was exported", "one more")

    def _span(self, span: Any, left: dict[str, dict[int, str]]) -> None:
        """See that all versions of a span are there, up to the hash that was exported."""
        _shape("export", span, SPAN)
        stream, head = span["stream"], ""
        first, last = span["first"], span["last"]
        _holds("first", f"1 to {last}", first, holds=1 <= first <= last)
        for version in range(first, last + 1):
            head = left.get(stream, {}).pop(version, "")
            if not head:
                at = Where("events.jsonl", stream=stream, version=version)
                self.report.diverges(at, "version", "to be there, in one span", "it is not")
                if self.report.count > SHOWN_MAX:
                    return
        if head and head != span["hash"]:
            at = Where("events.jsonl", stream=stream, version=last)
            self.report.diverges(at, "hash", span["hash"], head)

    def _spans(self, spans: list[Any]) -> None:
        """See that the case comes first, as one span, and each stream's spans in their order."""
        _holds("spans", f"{self.case} first", spans[:1], holds=bool(spans))
        _same("spans", (self.case, 1), (spans[0]["stream"], spans[0]["first"]))
        ends: dict[str, int] = {}
        for span in spans:
            stream, first = span["stream"], span["first"]
            apart = first > ends.get(stream, 0) and not (stream == self.case and stream in ends)
            _holds("spans", "each version once, the case in one span", span, holds=apart)
            ends[stream] = span["last"]

    def _from_its_beginning(self, export: dict[str, Any]) -> None:
        """See that the case begins with its opening, and that nothing comes after its export."""
        if self.opening is None:
            raise Broken("case", f"the events of {self.case}", "none")
        found = (self.opening["version"], self.opening["type"])
        _same("opening", (1, "IncidentOpened"), found)
        last = max(self.positions)
        _holds("position", f"before {export['position']}", last, holds=last < export["position"])

    def _to_its_end(self, said: dict[str, Any], export: dict[str, Any]) -> None:
        """See that the case ends with the reference to this export, one position before it.

        An event is appended to a stream at its end only: what the case had then, came before.
        """
        end = self.end or {}
        _same("end", ("ExportRecorded", 1), (end["type"], end["schema_version"]))
        _same("end", {"export": self.manifest["export"]}, strict(end["data"]))
        _same("as_of", said["as_of"], end["position"])
        _same("position", export["position"] - 1, end["position"])

    def tell_of_divergences(self, lineages: dict[int, Checkpoint]) -> None:
        """Say where the log was found to be another one, and see that each lineage's end is told."""
        self.report.facts["acknowledged"] = acknowledged = []
        ends: set[tuple[Any, ...]] = set()
        for event in self.acknowledged:
            meta = _lenient(event["meta"])
            with self.report.reading(Where("events.jsonl", position=event["position"])):
                _same("type", "DivergenceAcknowledged", event["type"])
                said = strict(event["data"])
                said = said.get("what") if isinstance(said, dict) else None
                if not isinstance(said, dict):
                    raise Broken("divergence", "an object", said)
                said = {name: said.get(name) for name in DIVERGED}
                _shape("divergence", said, DIVERGED)
                if said["doubt"] in ENDS_BY_OTHERS:  # who knew of another checkpoint than this one
                    ends.add((said["lineage"],))
                is_end = said["doubt"] in ENDS_A_LINEAGE
                until = said["signed_size"] if is_end else said["position"]
                between = (said["position"] <= one <= until for one in self.positions)
                if is_end:
                    ends.add((said["lineage"], said["signed_size"], said["signed_root"]))
                who = {name: str(meta.get(name) or "") for name in ("actor", "reason")}
                told = {"recorded_at": event["recorded_at"], "of_this_case": sum(between)}
                acknowledged.append({**said, **who, **told})
        for number, last in lineages.items():
            with self.report.reading(Where(f"lineages/{number}")):
                end = (number, last.size, last.root.hex())
                held = end in ends or (number,) in ends
                _holds("lineage", "the acknowledgement of its end", "none", holds=held)


DIVERGED: Fields = {
    **dict.fromkeys(("doubt", "stream", "expected", "found", "signed_root", "root"), (str, None)),
    **dict.fromkeys(("position", "version", "lineage", "signed_size", "size"), (int, None)),
}
"""How a divergence is described that was acknowledged."""


def earlier_lineages(verification: "Verification", latest: Checkpoint) -> dict[int, Checkpoint]:
    """Return what was signed last in each lineage before this one.

    A log goes on under another name, `<name>/2` and so on, where it was found to be another one.
    """
    found: dict[int, Checkpoint] = {}
    if verification.manifest["format"] == FORMAT_1 or verification.key is None:
        return found
    there = {path for path in verification.files if path.startswith("lineages/")}
    name, number = lineage_of(latest.origin)
    with verification.report.reading(Where("manifest.json")):
        _same("lineages", sorted(f"lineages/{one}" for one in range(1, number)), sorted(there))
    for one in range(1, number):
        path = f"lineages/{one}"
        with verification.report.reading(Where(path)):
            verification.proving.add(path)
            read = Checkpoint.parse(verification.bundle.read(path))
            read.require(verification.key.named(name if one == 1 else f"{name}/{one}"))
            found[one] = read
    return found


def lineage_of(origin: str) -> tuple[str, int]:
    """Return a log's own name, and the number of its lineage."""
    later = OF_A_LINEAGE.fullmatch(origin)
    return (later[1], int(later[2])) if later else (origin, 1)


# -- the newest version ----------------------------------------------------------------------------

NEWEST: Fields = {
    "size": (int, None),
    "stream": (str, None),
    "version": (int, None),
    "hash": (str, HASH),
    "path": (list, None),
}


def newest_version(verification: "Verification", latest: Checkpoint) -> None:
    """See which version of the case the checkpoint's map has as its newest, if that is proven."""
    report, case = verification.report, verification.manifest["case"]
    report.facts |= {"newest": None, "signs_newest": bool(latest.heads_lines)}
    if HEAD not in verification.files:
        return
    verification.proving.add(HEAD)
    with report.reading(Where(HEAD)):
        said = strict(verification.bundle.read(HEAD).decode())
        _shape("head", said, NEWEST)
        _same("size", latest.size, said["size"])
        _same("stream", f"incident/{case}", said["stream"])
        version, held = said["version"], verification.seen.get(said["stream"], {})
        last = max(held, default=0)
        _holds("version", f"{max(last, 1)} or later", version, holds=version >= max(last, 1))
        _under(latest.heads(), said)
        if version == last:
            _same("hash", held[last], said["hash"])
        if last:
            told = {"version": version, "more": version - last, "size": latest.size}
            report.facts["newest"] = told


def _under(root: bytes, said: dict[str, Any]) -> None:
    """Raise Broken unless the map with a root has this entry, and so no other for its stream."""
    path = _hashes("path", said["path"])
    most = PATH_HASHES_MAX
    _holds("path", f"at most {most} hashes", len(path), holds=len(path) <= most)
    key = _sha256(b"muster/head/stream/v1\x00" + said["stream"].encode())
    found = _sha256(
        b"\x02" + key + said["version"].to_bytes(8, "big") + bytes.fromhex(said["hash"])
    )
    for depth in range(len(path) - 1, -1, -1):
        beside, right = path[depth], key[depth >> 3] >> (7 - (depth & 7)) & 1
        found = _sha256(b"\x03" + (beside + found if right else found + beside))
    _holds("map", root.hex(), found.hex(), holds=found == root)


# -- what came later -----------------------------------------------------------------------------


def compare_later(mine: "Verification", path: str) -> None:
    """Compare a bundle with what is at a path."""

    def read() -> Union[Bundle, bytes]:
        is_bundle = Path(path).is_dir() or zipfile.is_zipfile(path)
        return Bundle(path) if is_bundle else _file(path)

    compare_with(mine, path, read)


def compare_with(mine: "Verification", name: str, read: Callable[[], Union[Bundle, bytes]]) -> None:
    """Compare a bundle with what is read: a later one of the same case, or a later checkpoint."""
    report = mine.report
    with report.reading(Where(name)):
        try:
            other = read()
            if isinstance(other, bytes):
                told = _later_checkpoint(mine, other)
            else:
                told = _later_bundle(mine, other)
        except NotABundle as error:
            raise Missing("later", "a bundle or a checkpoint", error) from None
        report.facts.setdefault("later", []).append({"from": name, **told})


def _later_bundle(mine: "Verification", bundle: Bundle) -> dict[str, Any]:
    other = Verification(bundle, mine.given)
    verdict = other.run().verdict
    if verdict != SOUND or mine.key is None or other.key is None:
        raise Missing("later", "a bundle that is sound", VERDICTS[verdict])
    if (other.key.public, other.manifest["case"]) != (mine.key.public, mine.manifest["case"]):
        raise Missing("later", "a bundle of this case, of this log", other.manifest["case"])
    _agree(mine, other)
    stream = f"incident/{mine.manifest['case']}"
    known, more = mine.seen.get(stream, {}), other.seen.get(stream, {})
    for version in sorted(set(known) & set(more)):
        if known[version] != more[version]:
            raise Broken("hash", more[version], f"{known[version]} for version {version}")
    whole = other.report.facts["whole"]
    told = {"versions": max(more), "position": whole["position"], "as_of": whole["as_of"]}
    return {**told, "more": max(0, max(more) - max(known, default=0))}


def _agree(mine: "Verification", other: "Verification") -> None:
    """Raise Broken if two logs were signed as one, Missing if a proof that they are one fails.

    A proof that nobody signed says nothing where it fails, least of all about the first bundle.
    """
    one, two = mine.checkpoint, other.checkpoint
    if one is None or two is None or one.origin != two.origin:
        return
    newer, older = (two, one) if two.size > one.size else (one, two)
    if newer.size == older.size:
        _same("root", newer.root.hex(), older.root.hex())
    proofs = {**mine.proofs, **other.proofs, **mine.given.proofs}
    try:
        if _may_be_told(newer, older, proofs):
            _begins(newer, older, proofs)
    except Broken as broken:
        raise Missing("later", "a proof that one log begins with the other", broken) from None


def _later_checkpoint(mine: "Verification", note: bytes) -> dict[str, Any]:
    """Tell whether the log has grown; whether the case has, a checkpoint does not say."""
    latest = mine.checkpoint
    if latest is None or mine.key is None:
        raise Missing("later", "a checkpoint to compare it with", "none")
    name, number = lineage_of(latest.origin)
    try:
        read = Checkpoint.parse(note)
        other, its = lineage_of(read.origin)
        _same("origin", name, other)
        read.require(mine.key.named(read.origin))
    except (Broken, UnicodeDecodeError) as error:
        raise Missing("later", f"a checkpoint of {name}", error) from None
    is_later = (its, read.size) > (number, latest.size)
    newer, older = (read, latest) if is_later else (latest, read)
    proofs = {**mine.proofs, **mine.given.proofs}
    is_proven = number == its and _may_be_told(newer, older, proofs)
    if is_proven:
        _begins(newer, older, proofs)
    told = {"is_later": is_later, "is_proven": is_proven}
    return {"size": read.size, "lineage": its, "more": None, **told}


# -- forms ---------------------------------------------------------------------------------------


def strict(text: str) -> Any:
    """Read JSON that means one thing only: no key twice, whole numbers, whole characters."""
    try:
        read = json.loads(
            text, object_pairs_hook=_once, parse_int=_whole, parse_float=_no, parse_constant=_no
        )
        json.dumps(read, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Broken("json", "whole characters", "half of a pair") from None
    except RecursionError:
        raise Broken("json", f"{DEPTH_MAX} levels at most", "more") from None
    except Broken:
        raise
    except ValueError as error:
        raise Broken("json", "JSON", error) from None
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _holds("json", f"{DEPTH_MAX} levels at most", "more", holds=_depth(read) <= DEPTH_MAX)
    return read


def _depth(read: Any) -> int:
    level, depth = [read], 0
    while level:
        level = [one for one in level if isinstance(one, (dict, list))]
        depth += bool(level)
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _lenient(text: str) -> dict[str, Any]:
    """Read what decides nothing; what can't be read is empty."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise Broken("json", "each key once", [name for name, _ in pairs])
    return read


def _whole(digits: str) -> int:
    if len(digits) > 20 or digits == "-0" or abs(int(digits)) > INTEGER_MAX:
        raise Broken("json", "a number of 63 bits", digits)
    return int(digits)


def _no(text: str) -> None:
    raise Broken("json", "whole numbers only", text)


def _shape(what: str, said: Any, fields: Fields) -> None:
    if not isinstance(said, dict) or set(said) != set(fields):
        raise Broken(what, sorted(fields), sorted(said) if isinstance(said, dict) else said)
    for name, (kind, pattern) in fields.items():
        if type(said[name]) is not kind:
            raise Broken(name, f"a value of {kind.__name__}", said[name])
        if pattern is not None and not pattern.fullmatch(said[name]):
            raise Broken(name, f"the form {pattern.pattern}", said[name])


def _same(field: str, expected: object, found: object) -> None:
    _holds(field, expected, found, holds=expected == found)


def _holds(field: str, expected: object, found: object, *, holds: bool) -> None:
    if not holds:
        raise Broken(field, expected, found)


def _hashes(field: str, said: Any) -> list[bytes]:
    if not all(isinstance(one, str) and HASH.fullmatch(one) for one in said):
        raise Broken(field, "hashes in hexadecimal", said)
    return [bytes.fromhex(one) for one in said]


def _consistency(said: Any) -> Proofs:
    """Read proofs that a tree begins with older ones."""
    _shape("consistency", said, {"size": (int, None), "proofs": (list, None)})
    for one in said["proofs"]:
        _shape("consistency", one, {"from": (int, None), "proof": (list, None)})
    size = said["size"]
    read = {(one["from"], size): _hashes("proof", one["proof"]) for one in said["proofs"]}
    _holds("from", "each size once", "one twice", holds=len(read) == len(said["proofs"]))
    return read


def _key_lines(content: bytes, most: int) -> list[str]:
    """Return the keys of a file: lines that each end in one newline, and nothing else."""
    *lines, rest = content.decode().split("\n")
    held = not rest and 1 <= len(lines) <= most
    _holds("key", f"1 to {most} lines, each a key", f"{len(lines)} lines", holds=held)
    return lines


def _manifest(bundle: Bundle) -> dict[str, Any]:
    fields: Fields = {
        "format": (str, None),
        "case": (str, UUID),
        "export": (str, UUID),
        "log": (str, None),
        "checkpoint": (int, None),
        "events": (int, None),
        "files": (list, None),
    }
    try:
        said: dict[str, Any] = strict(bundle.read("manifest.json").decode())
        if isinstance(said, dict) and said.get("format") not in (FORMAT, FORMAT_1):
            known = f"{FORMAT_1!r} and {FORMAT!r}"
            raise NotABundle(f"its format is {said.get('format')!r}; this reads {known}")
        _shape("manifest", said, fields)
        for one in said["files"]:
            _shape("files", one, {"path": (str, PATH), "bytes": (int, None), "sha256": (str, HASH)})
        listed = [one["path"] for one in said["files"]]
        _holds("files", f"at most {FILES_MAX}", len(listed), holds=len(listed) <= FILES_MAX)
        _holds("path", "a file", "a folder", holds=not any(one.endswith("/") for one in listed))
        plain(listed)
        plain(sorted({*listed, *bundle.paths}))
    except Broken as broken:
        raise NotABundle(f"manifest.json: {broken}") from None
    except UnicodeDecodeError:
        raise NotABundle("manifest.json is not UTF-8") from None
    return said


def _guarded(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (OSError, EOFError, zipfile.BadZipFile, binascii.Error) as error:
        raise Missing("file", "to be readable", error) from None
    except Exception as error:  # zlib.error, which has no common name with the others
        if type(error).__module__ != "zlib":
            raise
        raise Missing("file", "to be readable", error) from None


def _sized(text: str) -> bytes:
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _unbase64(field: str, text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not text or base64.b64encode(content).decode() != text:
        raise Broken(field, "base64", text)
    return content


def shown(value: object) -> str:
    """Return a text in which all that is not seen as it is, is escaped: no text drives a screen."""
    return "".join(
        one
        if one.isprintable()
        else one.encode("ascii", "backslashreplace").decode()
        if ord(one) > 127
        else f"\\x{ord(one):02x}"
        for one in str(value)
    )


def _short(value: object) -> str:
    text = shown(str(value)[:1000])
    return text if len(text) <= 160 else f"{text[:150]}... ({len(str(value))} characters)"


# -- a report about the case -----------------------------------------------------------------------

CORE_END = b"\n<!-- muster-report-text "
"""Ends the part of a report in HTML that is hashed; then comes the text that is in the log."""
EDITION = re.compile(rb"(?m)^HTML: SHA-256 `([0-9a-f]{64})`$")


SPACES = " \t\r\n"
PAGE_END = b"</body>\n</html>\n"
EVIDENCE = b"<!-- muster-report-proof "
"""Begins, before the end of the page, which checkpoint holds the last event that it is made of."""
EVIDENCE_OF: Fields = {
    "incident": (str, UUID),
    "version": (int, None),
    "position": (int, None),
    "hash": (str, HASH),
    "proof": (list, None),
    "checkpoint": (str, None),
}


def check_report(report: Report, content: bytes, under: Optional[Verification] = None) -> None:
    """See that a report is the one whose digest the case itself holds, and what it says of proof.

    Without a verification, a page with a checkpoint can't be told.
    """
    text, evidence = content, None
    with report.reading(Where("report")):
        core, marked, rest = content.rpartition(CORE_END)
        if marked:
            core, evidence = without_evidence(core)
            text = _unbase64(
                "report", rest.decode().strip(SPACES).removesuffix("-->").strip(SPACES)
            )
            named = EDITION.findall(text)
            _same("report", [_sha256(core).hex()], [one.decode() for one in named])
        told = None if evidence is None else _evidence_holds(under, evidence)
        digest = _sha256(text).hex()
        versions = [one for one, known in report.facts.get("evaluations", []) if known == digest]
        if not versions:
            raise Missing(
                "report", "one whose digest an EvaluationCompleted of the case holds", digest
            )
        if told is not None:
            _same("version", versions[-1], told["version"])
        about = {"sha256": digest, "up_to_version": versions[-1], "checkpoint": told}
        report.facts["report"] = about


def with_evidence(page: str, evidence: dict[str, Any]) -> str:
    """Return a report in HTML that says which checkpoint holds the last event it is made of."""
    core, marked, rest = page.encode().rpartition(CORE_END)
    encoded = base64.b64encode(_json(evidence).encode()).decode()
    block = evidence_block(encoded, evidence)
    return (core[: -len(PAGE_END)] + block + PAGE_END + marked + rest).decode()


def without_evidence(core: bytes) -> tuple[bytes, Optional[dict[str, Any]]]:
    """Return a page as it was hashed, and what was put at its end. Raises Broken."""
    begin = core.rfind(EVIDENCE)
    if begin < 0 or not core.endswith(PAGE_END):
        return core, None
    block = core[begin : -len(PAGE_END)]
    encoded = block[len(EVIDENCE) :].partition(b" -->\n")[0].decode()
    said = strict(_unbase64("proof", encoded).decode())
    _shape("proof", said, EVIDENCE_OF)
    held = block == evidence_block(encoded, said)
    _holds("proof", "to say what its values are", block, holds=held)
    return core[:begin] + PAGE_END, said


def evidence_block(encoded: str, said: dict[str, Any]) -> bytes:
    """Return what is shown of it, which follows from the values. Raises Broken."""
    signed = Checkpoint.parse(said["checkpoint"].encode())
    named = bool(NAME.fullmatch(signed.origin))
    _holds("origin", "a name, in which all is seen", signed.origin, holds=named)
    return (
        f"{EVIDENCE.decode()}{encoded} -->\n<h2>证明 · Proof</h2>\n<dl>\n"
        f"  <dt>版本 Versions</dt><dd>1 – {said['version']}<br><code>{said['hash']}</code></dd>\n"
        f"  <dt>日志位置 Position</dt><dd>{said['position']}</dd>\n"
        f"  <dt>检查点 Checkpoint</dt><dd>{html.escape(signed.origin)}, {signed.size} 个事件 "
        f"events<br><code>{signed.root.hex()}</code></dd>\n</dl>\n"
    ).encode()


def _evidence_holds(under: Optional[Verification], said: dict[str, Any]) -> dict[str, Any]:
    """Return what is proven of a report's checkpoint. Raises Broken, Missing if nothing tells."""
    if under is None or under.key is None or under.checkpoint is None:
        raise Missing("report", "the bundle of the case", "none")
    _same("case", under.manifest["case"], said["incident"])
    version, position = said["version"], said["position"]
    known = under.seen.get(f"incident/{said['incident']}", {})
    if version not in known:
        raise Missing("report", f"version {version} in the bundle", max(known, default=0))
    _same("hash", known[version], said["hash"])
    _same("position", under.positions[version], position)
    signed = Checkpoint.parse(said["checkpoint"].encode())
    signed.require(under.key.of(signed.origin))
    start, path = leaf(bytes.fromhex(said["hash"])), _hashes("proof", said["proof"])
    held = includes(start, position - 1, signed.size, path, signed.root)
    _holds("inclusion", f"position {position} in the report's checkpoint", "not", holds=held)
    told = {"size": signed.size, "version": version, "position": position}
    return {**told, "compared": _compared(under, signed)}


def _compared(under: Verification, signed: Checkpoint) -> bool:
    """Tell whether the log of one checkpoint is proven to begin with the other. Raises Broken."""
    mine, proofs = under.checkpoint, {**under.proofs, **under.given.proofs}
    if mine is None or mine.origin != signed.origin:
        return False
    newer, older = (signed, mine) if signed.size > mine.size else (mine, signed)
    if not _may_be_told(newer, older, proofs):
        return False
    _begins(newer, older, proofs)
    return True


# -- what was disclosed --------------------------------------------------------------------------

DISCLOSED: Fields = dict.fromkeys(("sealed", "subject", "text", "opening"), (str, None))


def check_disclosed(verification: "Verification", content: bytes) -> None:
    """See that each text is the one that was sealed in an event of the bundle, and no other."""
    report, told = verification.report, []
    with report.reading(Where("disclosed")):
        said = strict(content.decode())
        texts: Any = said.get("texts") if isinstance(said, dict) else None
        _holds("texts", "a list of texts", texts, holds=isinstance(texts, list) and texts != [])
        sealed = (one.get("sealed") for one in texts if isinstance(one, dict))
        there = _positions(verification, {one for one in sealed if isinstance(one, str)})
        for number, one in enumerate(texts, start=1):
            with report.reading(Where("disclosed", number)):
                told.append(_disclosed(one, there))
    if told:
        report.facts["disclosed"] = told


def _disclosed(said: Any, there: dict[str, list[int]]) -> dict[str, Any]:
    """See that a text, its subject and its opening give the commitment that was sealed."""
    _shape("text", {"opening": "", **said} if isinstance(said, dict) else said, DISCLOSED)
    sealed, subject = said["sealed"], said["subject"].encode()
    if sealed not in there:
        raise Missing("sealed", "a sealed text of this bundle", sealed)
    committed = COMMITTED.fullmatch(sealed)
    if committed is None:
        raise Missing("sealed", "one that commits to its text: sealed:v2", sealed[:9])
    opening = said.get("opening", "")
    _holds("opening", "64 hexadecimal digits", opening, holds=HASH.fullmatch(opening) is not None)
    sized = len(subject).to_bytes(4, "big") + subject
    found = _sha256(COMMITMENT_TAG + bytes.fromhex(opening) + sized + said["text"].encode())
    _same("commitment", _unbase64("sealed", committed[1])[:COMMITMENT_BYTES].hex(), found.hex())
    return {"subject": said["subject"], "positions": there[sealed]}


def _positions(verification: "Verification", wanted: set[str]) -> dict[str, list[int]]:
    """Return at which positions of the log sealed texts stand, of those that are wanted."""
    found: dict[str, list[int]] = {}
    most = verification.files.get("events.jsonl", {"bytes": 0})["bytes"]
    with contextlib.suppress(Broken):  # whatever is wrong with the events was found before
        for line in verification.bundle.lines("events.jsonl", most):
            event = _lenient(line.decode(errors="replace"))
            for one in {one[0] for one in SEALED.finditer(str(event.get("data")))} & wanted:
                found.setdefault(one, []).append(event.get("position", 0))
    return found


# -- the page ------------------------------------------------------------------------------------

Said = tuple[str, str]
"""A text in Chinese and in English."""
LANGUAGES = ("zh", "en")
SENTENCES: dict[int, Said] = {
    SOUND: (
        "属实：本案卷与日志当时的记录一致，依据您提供的密钥",
        "SOUND: this case is what the log recorded, under the key that you gave",
    ),
    FALSE: (
        "不实：本案卷与其自称的日志不符",
        "FALSE: this case is not what the log recorded that it claims to be from",
    ),
    UNTOLD: (
        "无法判定：缺少判定所需的内容",
        "CANNOT BE TOLD: something is missing that would tell",
    ),
}
UNVOUCHED: Said = (
    "属实，但仅依据案卷自带的密钥：该密钥无人担保",
    "SOUND under the key in the bundle, which nobody vouched for",
)
ALTERED: Said = (
    "此日志曾被发现与已签署的内容不符，并经确认后继续（见下）。此后：",
    "THIS LOG WAS FOUND TO DIFFER FROM WHAT HAD BEEN SIGNED, and went on (see below). Since then:",
)
NOT_KNOWN: dict[str, Said] = {
    "true": (
        "所记录的内容是否真实、应记录的是否都已记录",
        "whether what was entered is true, and whether everything was entered",
    ),
    "left out": (
        "导出时是否遗漏了本案的事件：本案卷为第 1 版格式，只能证明，导出时记录的各段均在此，且未被改动",
        "whether the export itself left events of the case out: in format 1, what is proven is that all it named is here, unchanged",
    ),
    "newest": (
        "检查点签署时本案是否已有更晚的版本：检查点签署了最新版本的映射，但本案卷未附其证明",
        "whether the case had later versions when the checkpoint was signed: that signs a map of the newest ones, but the bundle holds no proof out of it",
    ),
    "no map": (
        "检查点签署时本案是否已有更晚的版本：该检查点出自较早的程序，未签署最新版本的映射",
        "whether the case had later versions when the checkpoint was signed: it signs no map of the newest ones, being of an earlier program",
    ),
    "beside": (
        "预案和单元的事件是否齐全：由日志自身的函数选取，此处只证明其所选均在此",
        "whether all of the plan and of units is here: the log's own function chose it, and what it chose is here",
    ),
    "lineages": (
        "日志此前与已签署内容的不符之处：本案卷为第 1 版格式，未予说明",
        "where the log differed from what had been signed, as it did before: format 1 does not say",
    ),
    "later": (
        "此后发生的一切，包括是否另有更新的导出",
        "anything later, and whether there is a later export",
    ),
    "key": (
        "密钥属于谁：请与日志保管方公布的密钥比对，并用 --key 给出",
        "whose key it is: compare it with the one that the log's keeper published, and pass that with --key",
    ),
    "witness": (
        "保管方是否给他人看过另一份日志：没有您信任的见证方（--witness）的联署",
        "whether the keeper showed others another log: no witness that you trust (--witness) cosigned",
    ),
    "kept": (
        "日志此前是否被整体重写：没有您自己保存的本谱系检查点（--checkpoint）可比对",
        "whether the log was written anew before: there is no checkpoint of your own (--checkpoint) to compare, of this lineage",
    ),
}
LABELS: dict[str, Said] = {
    "acknowledged": ("日志曾有不符", "the log differed"),
    "case": ("案件", "case"),
    "whole": ("完整性", "whole"),
    "newest": ("最新版本", "newest"),
    "later": ("此后", "later"),
    "events": ("事件", "events"),
    "recorded": ("记录时间", "recorded"),
    "exported": ("导出", "exported"),
    "log": ("日志", "log"),
    "root": ("根哈希", "root"),
    "key": ("密钥", "key"),
    "witnesses": ("见证方", "witnesses"),
    "claimed": ("自称的见证方", "claimed witnesses"),
    "kept": ("您的检查点", "your checkpoints"),
    "earlier": ("更早的检查点", "earlier checkpoints"),
    "stamps": ("时间戳", "timestamps"),
    "sealed": ("封存文本", "sealed texts"),
    "disclosed": ("出示文本", "disclosed texts"),
    "report": ("报告", "report"),
    "unproven": ("不作证明的文件", "files that prove nothing"),
    "unknown": ("不可知", "not known"),
    "findings": ("不符之处", "what was found"),
    "streams": ("内容", "of what"),
}


class Page(NamedTuple):
    """What is said of a bundle, for people."""

    language: str
    verdict: int
    sentence: str
    rows: list[tuple[str, list[str]]]
    findings: list[str]
    unknown: list[str]


def page_of(report: Report, language: str) -> Page:
    """Say what was found in a language."""
    facts, at = report.facts, LANGUAGES.index(language)
    unvouched = report.verdict == SOUND and not facts.get("key_given")
    sentence = UNVOUCHED if unvouched else SENTENCES[report.verdict]
    rows = [(LABELS[name][at], said) for name, said in _rows(facts, at) if said]
    unproven = "log" in facts and facts.get("newest") is None
    is_whole = "whole" in facts and (facts["whole"]["as_of"] is not None or _is_newest(facts))
    open_questions = {
        "true": True,
        "left out": not is_whole,
        "newest": unproven and facts.get("signs_newest"),
        "no map": unproven and not facts.get("signs_newest"),
        "beside": is_whole,
        "lineages": facts.get("lineage", 1) > 1 and facts.get("format") == FORMAT_1,
        "later": True,
        "key": not facts.get("key_given"),
        "witness": not facts.get("witnesses"),
        "kept": not facts.get("kept_checkpoints"),
    }
    unknown = [NOT_KNOWN[name][at] for name, is_open in open_questions.items() if is_open]
    worst = sorted(report.divergences, key=lambda one: bool(one["verdict"] != VERDICTS[FALSE]))
    findings = [_finding(one, at) for one in worst[:SHOWN_MAX]]
    more = report.count - SHOWN_MAX
    if more > 0:
        findings.append((f"另有 {more} 处", f"... and {more} more")[at])
    altered = f"{ALTERED[at]} " if facts.get("acknowledged") else ""
    return Page(language, report.verdict, altered + sentence[at], rows, findings, unknown)


Row = tuple[str, list[str]]
"""Which label, and what is said below it."""


def _rows(facts: dict[str, Any], at: int) -> Iterator[Row]:
    yield from ((name, [one[at] for one in told]) for name, told in _trail(facts).items())
    yield from _of_case(facts, at)
    yield from _of_log(facts, at)
    yield from _of_others(facts, at)
    if "report" in facts:
        known = (
            "与案件中记录的摘要一致，依据第 1 至 {up_to_version} 版",
            "is the one whose digest the case holds, made of versions 1 to {up_to_version}",
        )
        signed = _of_report(facts["report"]["checkpoint"])[at]
        yield "report", [known[at].format(**facts["report"]), signed]
    yield "unproven", facts.get("unproven", [])


def _of_report(told: Optional[dict[str, Any]]) -> Said:
    """Say which checkpoint a report carries."""
    if told is None:
        return "未附检查点", "carries no checkpoint"
    held: Said = (
        "所附检查点包含 {size} 个事件，第 {version} 版在其第 {position} 位".format(**told),
        "its checkpoint over {size} events holds version {version} at position {position}".format(
            **told
        ),
    )
    if told["compared"]:
        return (
            f"{held[0]}；与本案卷出自同一日志",
            f"{held[1]}; it is of the same log as the bundle's",
        )
    return (
        f"{held[0]}；是否与本案卷出自同一日志，未经证明",
        f"{held[1]}; that it is of the same log as the bundle's, is not proven",
    )


def _of_case(facts: dict[str, Any], at: int) -> Iterator[Row]:
    if "events" in facts:
        count = ("{} 个，至日志第 {} 位", "{}, up to position {} of the log")
        yield "events", [count[at].format(facts["events"], facts["position"])]
        span = ("{}，第 {} 版", "{}, versions {}")
        yield "streams", [span[at].format(*one) for one in facts["streams"].items()]
    if "first_recorded_at" in facts:
        times = ("{} 至 {}（协调世界时）", "from {} to {} (UTC)")
        times_of_case = (facts["first_recorded_at"], facts["last_recorded_at"])
        yield "recorded", [times[at].format(*times_of_case)]
    if "exported_at" in facts:
        yield "exported", list(_exported(facts, at))
    if facts.get("sealed_texts"):
        sealed = ("{} 处，其中 {} 处已命令删除", "{}; of {} the erasure was ordered")
        yield "sealed", [sealed[at].format(facts["sealed_texts"], facts["erasure_ordered"])]
    if "disclosed" in facts:
        held = ("{}：即日志第 {} 位所封存的文本", "{}: the one that was sealed, at position {}")
        yield "disclosed", [held[at].format(*_sealed_at(one)) for one in facts["disclosed"]]


def _sealed_at(one: dict[str, Any]) -> tuple[str, str]:
    return one["subject"], ", ".join(map(str, one["positions"]))


def _of_log(facts: dict[str, Any], at: int) -> Iterator[Row]:
    if "log" not in facts:
        return
    size = ("检查点包含 {} 个事件", "checkpoint over {} events")
    yield "log", [facts["log"], size[at].format(facts["size"])]
    yield "root", [facts["root"]]
    given = ("由您提供", "as you gave it")
    alone = ("仅见于案卷，无人担保", "from the bundle only: nobody vouched for it")
    yield "key", [str(facts["key"]), (given if facts["key_given"] else alone)[at]]


def _of_others(facts: dict[str, Any], at: int) -> Iterator[Row]:
    yield "witnesses", facts.get("witnesses", [])
    claim = ("{}（案卷自称，未经您认可）", "{} (the bundle says so; you did not name it)")
    yield "claimed", [claim[at].format(name) for name in facts.get("claimed_witnesses", [])]
    kept = ("大小 {}：日志以它开头", "of size {}: the log begins with it")
    end = (
        "第 {} 谱系的 {} 个事件：正是该谱系最后签署的",
        "{1} events of lineage {0}: what it ended with",
    )
    ended = [end[at].format(*one) for one in facts.get("kept_ends", [])]
    yield "kept", [*(kept[at].format(size) for size in facts.get("kept_checkpoints", [])), *ended]
    if facts.get("earlier_checkpoints"):
        yield "earlier", [str(facts["earlier_checkpoints"])]
    if facts.get("timestamps"):
        stamps = ("{} 个；出自谁手，此处不核验", "{}; whose they are, is not verified here")
        yield "stamps", [stamps[at].format(facts["timestamps"])]


def _trail(facts: dict[str, Any]) -> dict[str, list[Said]]:
    """Return what is known of the case as a whole, beginning with why to doubt it."""
    return {
        "acknowledged": [_diverged(one) for one in facts.get("acknowledged", [])],
        "case": [(facts["case"], facts["case"])] if "case" in facts else [],
        "whole": [_nothing_left_out(facts)] if "whole" in facts else [],
        "newest": [_newest(facts["newest"])] if facts.get("newest") else [],
        "later": [_later(one) for one in facts.get("later", [])],
    }


def _diverged(one: dict[str, Any]) -> Said:
    return (
        "第 {position} 位（{stream} 第 {version} 版）与第 {lineage} 谱系已签署的 {signed_size} 个事件不符："
        "应为 {expected}，实为 {found}；{recorded_at} 由 {actor} 确认，事由：{reason}；"
        "可能涉及本案卷 {of_this_case} 个事件".format(**one),
        "at position {position} ({stream} version {version}), from the {signed_size} events signed in "
        "lineage {lineage}: expected {expected}, found {found}; acknowledged {recorded_at} by {actor}, "
        "for: {reason}; of this bundle {of_this_case} events may be concerned".format(**one),
    )


def _is_newest(facts: dict[str, Any]) -> bool:
    """Tell whether it is proven that the bundle ends with the newest version of the case."""
    newest = facts.get("newest")
    return newest is not None and newest["more"] == 0


def _nothing_left_out(facts: dict[str, Any]) -> Said:
    whole = facts["whole"]
    if whole["as_of"] is None and _is_newest(facts):
        return (
            "第 1 至 {version} 版，无一遗漏，截至包含 {size} 个事件的检查点".format(
                **facts["newest"]
            ),
            "versions 1 to {version}, nothing left out, as of the checkpoint over {size} "
            "events".format(**facts["newest"]),
        )
    if whole["as_of"] is None:
        return (
            "第 1 至 {versions} 版之间无遗漏；此后至导出时是否还有，无从证明".format(**whole),
            "versions 1 to {versions} without a gap; not proven that these were all when it was "
            "exported".format(**whole),
        )
    return (
        "第 1 至 {versions} 版，无一遗漏，截至日志第 {position} 位（{as_of}）".format(**whole),
        "versions 1 to {versions}, nothing left out, as of position {position} ({as_of})".format(
            **whole
        ),
    )


def _newest(one: dict[str, Any]) -> Said:
    if one["more"]:
        return (
            "截至包含 {size} 个事件的检查点，本案已至第 {version} 版：另有 {more} 个更晚的版本不在此案卷内，"
            "依据其签署的映射".format(**one),
            "as of the checkpoint over {size} events the case has version {version}: {more} later "
            "ones are not in this bundle, by the map that it signs".format(**one),
        )
    return (
        "截至包含 {size} 个事件的检查点，第 {version} 版即本案最新一版，此后无一遗漏，依据其签署的映射".format(
            **one
        ),
        "as of the checkpoint over {size} events version {version} is the newest of the case: "
        "nothing later is left out, by the map that it signs".format(**one),
    )


def _later(one: dict[str, Any]) -> Said:
    if one["more"] is None:
        return _later_log(one)
    until = "{as_of}" if one["as_of"] else "?"
    zh = "本案另有 {more} 个更晚的版本" if one["more"] else "本案没有更晚的版本"
    en = (
        "there are {more} later versions of the case" if one["more"] else "nothing more of the case"
    )
    return (
        (zh + "，截至日志第 {position} 位（" + until + "）").format(**one),
        (en + ", as of position {position} (" + until + ")").format(**one),
    )


def _later_log(one: dict[str, Any]) -> Said:
    """Say what a checkpoint tells that somebody gave as a later one."""
    if not one["is_later"]:
        return (
            "所给检查点（{size} 个事件，第 {lineage} 谱系）并不晚于本案卷".format(**one),
            "the checkpoint over {size} events (lineage {lineage}) is not later than this "
            "bundle".format(**one),
        )
    if one["is_proven"]:
        return (
            "日志已增至 {size} 个事件（第 {lineage} 谱系）；本案是否有新事件，检查点不能说明".format(
                **one
            ),
            "the log has grown to {size} events (lineage {lineage}); whether the case has, a "
            "checkpoint does not say".format(**one),
        )
    return (
        "该日志的密钥已签署 {size} 个事件（第 {lineage} 谱系）；是否由本案卷的日志增长而来，未经证明（--proof）；"
        "本案是否有新事件，检查点不能说明".format(**one),
        "the key of the log signed {size} events (lineage {lineage}); that they begin with those of "
        "this bundle, is not proven (--proof); whether the case has grown, a checkpoint does not "
        "say".format(**one),
    )


def _exported(facts: dict[str, Any], at: int) -> Iterator[str]:
    yield facts["exported_at"]
    by, other, reason = (facts[name] for name in ("exported_by", "on_behalf_of", "exported_for"))
    if by:
        yield (f"由 {by}", f"by {by}")[at]
    if other:
        yield (f"代 {other}", f"on behalf of {other}")[at]
    yield (f"事由：{reason or '未说明'}", f"for: {reason or 'no reason was given'}")[at]


def _finding(one: dict[str, Any], at: int) -> str:
    told = "不符" if one["verdict"] == VERDICTS[FALSE] else "缺少"
    found = (
        f"应为 {one['expected']}，实为 {one['found']}",
        f"expected {one['expected']}, found {one['found']}",
    )
    word = "DIVERGES" if one["verdict"] == VERDICTS[FALSE] else "MISSING"
    return (
        f"{told}：{one['where']}，字段 {one['field']}：{found[0]}",
        f"{word} at {one['where']}, field {one['field']}: {found[1]}",
    )[at]


def as_text(page: Page) -> str:
    """Return the page for a terminal: the verdict first, and last."""
    at = LANGUAGES.index(page.language)
    lines = [page.sentence, ""]
    for label, said in page.rows:
        lines += [f"{label}: {shown(said[0])}", *(f"    {shown(one)}" for one in said[1:])]
    for label, listed in (("unknown", page.unknown), ("findings", page.findings)):
        if listed:
            lines += ["", f"{LABELS[label][at]}:", *(f"  - {shown(one)}" for one in listed)]
    return "\n".join([*lines, "", page.sentence])


STYLE = """
  :root { color-scheme: light dark; --ink: #16202c; --soft: #56657a; --line: #d8dfe8; --paper: #fff; --good: #14663a; --bad: #a3161a; --open: #8a5200 }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8eef6; --soft: #a9b7c8; --line: #2a3442; --paper: #0d1117; --good: #5fd08f; --bad: #ff8f8a; --open: #e6ab55 } }
  * { box-sizing: border-box }
  body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 52rem; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; overflow-wrap: anywhere }
  h1 { font-size: 1.35rem; line-height: 1.35; margin: 0 0 1.5rem; padding: .9rem 1rem; border: 2px solid; border-radius: .5rem }
  .sound { color: var(--good) } .false { color: var(--bad) } .untold, .unvouched { color: var(--open) }
  h2 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem }
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .45rem 1.2rem; margin: 0 } dt { color: var(--soft) } dd { margin: 0; min-width: 0 } dd p { margin: 0 }
  ul { margin: 0; padding-left: 1.2rem } li { margin: .25rem 0 }
  @media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: .1rem } dt { margin-top: .6rem } }
  @media print { body { max-width: none; padding: 0 } }
"""


def as_html(page: Page) -> str:
    """Return the page as a document by itself: no script, nothing from elsewhere."""
    at = LANGUAGES.index(page.language)

    def text(value: str) -> str:
        return html.escape(shown(value))

    kind = "unvouched" if page.sentence in UNVOUCHED else ("sound", "false", "untold")[page.verdict]
    rows = "".join(
        f"<dt>{text(label)}</dt><dd>{''.join(f'<p>{text(one)}</p>' for one in said)}</dd>\n"
        for label, said in page.rows
    )
    lists = "".join(
        f"<h2>{LABELS[label][at]}</h2>\n<ul>\n{''.join(f'<li>{text(one)}</li>' for one in listed)}\n</ul>\n"
        for label, listed in (("findings", page.findings), ("unknown", page.unknown))
        if listed
    )
    return (
        f'<!doctype html>\n<html lang="{page.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{text(page.sentence)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1 class="{kind}">{text(page.sentence)}</h1>\n<dl>\n{rows}</dl>\n{lists}</main>\n</body>\n</html>\n'
    )


# -- test vectors --------------------------------------------------------------------------------


def check_vectors(vectors: dict[str, Any]) -> list[str]:
    """Return what this program computes otherwise than it should."""
    return [
        f"{kind} {number}: expected {one['expected']}, found {found}"
        for kind, compute in COMPUTED.items()
        for number, one in enumerate(vectors[kind])
        for found in [compute(_of_bundle(one, vectors["bundle"]) if kind in OF_BUNDLES else one)]
        if found != one["expected"]
    ]


def _of_bundle(one: dict[str, Any], bundles: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a vector with the first bundle, and what is changed in it or in the one it names."""
    changed = bundles[one["of"]] if "of" in one else one
    return {**one, "base": bundles[0]["files"], "files": changed["files"]}


def _bundled(one: dict[str, Any]) -> str:
    """Return the verdict on a bundle that is the first one with changes, and what is newest.

    What comes later, if there is any, is compared with it.
    """
    told = one.get("given", {})
    try:
        given = _known(
            told.get("key"),
            told.get("witnesses", []),
            [("kept", note.encode()) for note in told.get("checkpoints", [])],
        )
        mine = Verification(_changed(one["base"], one["files"]), given)
        mine.run()
        for later in one.get("later", []):
            compare_with(mine, "later", _reader(one["base"], later))
        if "report" in one:
            check_report(mine.report, one["report"].encode(), mine)
    except NotABundle:
        return VERDICTS[UNTOLD]
    said = [VERDICTS[mine.report.verdict]]
    newest, later = mine.report.facts.get("newest"), mine.report.facts.get("later", [])
    if mine.report.verdict != SOUND:
        return said[0]
    if newest:
        said.append(f"newest {newest['version']}, {newest['more']} more")
    said += [f"later {'?' if each['more'] is None else each['more']}" for each in later]
    if "report" in mine.report.facts:
        said.append(_reported(**mine.report.facts["report"]))
    return "; ".join(said)


def _reported(up_to_version: int, checkpoint: Optional[dict[str, Any]], **_: object) -> str:
    held = "no checkpoint" if checkpoint is None else f"checkpoint {checkpoint['size']}"
    compared = ", compared" if checkpoint and checkpoint["compared"] else ""
    return f"report {up_to_version}, {held}{compared}"


def _reader(base: dict[str, str], later: dict[str, Any]) -> Callable[[], Union[Bundle, bytes]]:
    """Return what reads a later bundle, or a later checkpoint."""
    if "note" in later:
        note = str(later["note"]).encode()
        return lambda: note
    return lambda: _changed(base, later["files"])


def _changed(base: dict[str, str], changes: dict[str, Optional[str]]) -> Held:
    """Return a bundle with changes; None takes a file out."""
    files = {**base, **changes}
    return Held({path: text.encode() for path, text in files.items() if text is not None})


def _included(one: dict[str, Any]) -> bool:
    start, root, proof = bytes.fromhex(one["leaf"]), bytes.fromhex(one["root"]), one["proof"]
    return includes(start, one["index"], one["size"], _hashes("proof", proof), root)


def _consistent(one: dict[str, Any]) -> bool:
    older, newer = bytes.fromhex(one["first_root"]), bytes.fromhex(one["second_root"])
    return extends(one["first"], older, one["second"], newer, _hashes("proof", one["proof"]))


def _signs(one: dict[str, Any]) -> bool:
    content = (bytes.fromhex(one[name]) for name in ("public", "message", "signature"))
    return ed25519(*content)


def _accepts(step: Callable[[], object]) -> bool:
    try:
        return step() is not False
    except Broken:
        return False


def _moment(one: dict[str, Any]) -> Optional[str]:
    text = one["instant"]
    held = INSTANT.fullmatch(text) and _accepts(lambda: microseconds(text) is not None)
    return str(microseconds(text)) if held else None


def _noted(one: dict[str, Any]) -> bool:
    return _accepts(lambda: Checkpoint.parse(one["note"].encode()).signed_by(Key.parse(one["key"])))


def _keyed(one: dict[str, Any]) -> bool:
    return _accepts(lambda: [Key.parse(line) for line in _key_lines(one["file"].encode(), 32)])


def _unpacks(one: dict[str, Any]) -> bool:
    try:
        plain(one["paths"])
    except Broken:
        return False
    return True


def _unzipped(one: dict[str, Any]) -> Optional[str]:
    """Return the SHA-256 over the files that a zip holds, each with its own; None if it is none."""
    try:
        bundle = Bundle("zip", io.BytesIO(base64.b64decode(one["zip"])))
        files = [f"{_sha256(bundle.read(path)).hex()} {path}\n" for path in sorted(bundle.paths)]
    except (NotABundle, Broken):
        return None
    return _sha256("".join(files).encode()).hex()


OF_BUNDLES = frozenset({"bundle", "report"})
"""Vectors that are changes to the first bundle."""
COMPUTED: dict[str, Callable[[dict[str, Any]], object]] = {
    "genesis": lambda one: genesis(one["stream"]).hex(),
    "preimage": lambda one: preimage(one["event"]).hex(),
    "event": lambda one: _sha256(preimage(one["event"])).hex(),
    "instant": _moment,
    "leaf": lambda one: leaf(bytes.fromhex(one["entry"])).hex(),
    "inclusion": _included,
    "consistency": _consistent,
    "ed25519": _signs,
    "keys": _keyed,
    "note": _noted,
    "json": lambda one: _accepts(lambda: (strict(one["text"]), True)),
    "paths": _unpacks,
    "zip": _unzipped,
    "bundle": _bundled,
    "report": _bundled,
}


# -- the command line ----------------------------------------------------------------------------


def main(arguments: Optional[list[str]] = None) -> int:
    """Verify, say what was found, and return how to end."""
    asked = _asked(arguments)
    try:
        return _main(asked)
    except NotABundle as error:
        return _untold(asked, str(error))
    except Exception as error:  # noqa: BLE001 - the process's edge: a fault here is no verdict
        return _untold(asked, f"this verifier failed: {type(error).__name__}: {error}")


def _main(asked: argparse.Namespace) -> int:
    if asked.vectors:
        wrong = check_vectors(json.loads(_file(asked.vectors)))
        _say("\n".join(wrong) or "every test vector is met")
        return FALSE if wrong else SOUND
    verification = Verification(Bundle(asked.bundle), _given(asked))
    report = verification.run()
    for path in verification.given.later:
        compare_later(verification, path)
    if asked.report:
        check_report(report, _file(asked.report), verification)
    if asked.disclosed:
        check_disclosed(verification, _file(asked.disclosed))
    page = page_of(report, asked.language)
    if asked.html:
        _write(asked.html, as_html(page))
    if asked.json:
        verdict = {"verdict": VERDICTS[report.verdict], "sound": report.verdict == SOUND}
        found = {**verdict, "bundle": True, "divergences": report.divergences}
        found["found"] = {VERDICTS[code]: count for code, count in report.counts.items()}
        _say(_json({**found, "facts": report.facts}, indent=1))
    else:
        _say(as_text(page))
    return report.verdict


def _untold(asked: argparse.Namespace, reason: str) -> int:
    reason = shown(reason)
    if asked.json:
        said = {"verdict": VERDICTS[UNTOLD], "sound": False, "bundle": False, "reason": reason}
        _say(_json(said))
    else:
        sentence = ("无法判定：这里没有可核验的案卷", "CANNOT BE TOLD: this is not a bundle")
        _say(f"{sentence[LANGUAGES.index(asked.language)]}: {reason}")
    return UNTOLD


def _asked(arguments: Optional[list[str]]) -> argparse.Namespace:
    about, _, notes = (__doc__ or "").partition("\n\n")
    formatter = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="verify.py", description=about, epilog=notes, formatter_class=formatter)
    here = str(Path(sys.argv[0] if __name__ == "__main__" else __file__).resolve().parent)
    parser.add_argument("bundle", nargs="?", default=here, help="a folder or a .zip")
    parser.add_argument("--key", help="the log's key, or a file that holds it")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key, likewise")
    parser.add_argument("--checkpoint", action="append", default=[], help="one that you have kept")
    parser.add_argument("--proof", action="append", default=[], help="more proofs of consistency")
    parser.add_argument(
        "--later",
        action="append",
        default=[],
        help="a later bundle of the case, or a later checkpoint: is there more?",
    )
    parser.add_argument("--report", help="a report about the case, as `muster report` writes it")
    parser.add_argument("--disclosed", help="texts, as `muster disclose -o json` writes them")
    parser.add_argument(
        "--html", help="where the verdict is written as a page; nothing is replaced"
    )
    parser.add_argument("--language", choices=LANGUAGES, default=_language(), help="of the verdict")
    parser.add_argument("--vectors", help="a file of test vectors")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args(arguments)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        _say(f"CANNOT BE TOLD: {shown(message)}")
        sys.exit(UNTOLD)


def _language() -> str:
    """Return the language that the environment names, if the terminal can show it."""
    named = (os.environ.get(one) for one in ("LC_ALL", "LC_MESSAGES", "LANG"))
    try:
        UNVOUCHED[0].encode(_encoding())
    except (UnicodeEncodeError, LookupError):
        return "en"
    return "zh" if next((one for one in named if one), "").lower().startswith("zh") else "en"


def _given(asked: argparse.Namespace) -> Given:
    """Read what the arguments name. Raises NotABundle."""
    key = asked.key and _text(asked.key)
    checkpoints = [(path, _file(path)) for path in asked.checkpoint]
    proofs = [_file(path) for path in asked.proof]
    known = _known(key, [_text(one) for one in asked.witness], checkpoints, proofs)
    return known._replace(later=tuple(asked.later))


def _known(
    key: Optional[str],
    witnesses: Iterable[str],
    checkpoints: Iterable[tuple[str, bytes]],
    proofs: Iterable[bytes] = (),
) -> Given:
    """Return what is known apart from the bundle. Raises NotABundle if it can't be read."""
    try:
        for _, note in checkpoints:
            Checkpoint.parse(note)
        read = [_consistency(strict(one.decode())) for one in proofs]
        return Given(
            Key.parse(key).text if key is not None else None,
            tuple(Key.parse(one).text for one in witnesses),
            tuple(checkpoints),
            {sizes: proof for one in read for sizes, proof in one.items()},
        )
    except (Broken, UnicodeDecodeError) as error:
        raise NotABundle(f"an argument can't be read: {error}") from None


def _text(key: str) -> str:
    """Return the key that an argument is, or that the file holds which it names."""
    is_key = "+" in key and not Path(key).exists()
    content = os.fsencode(key) if is_key else _file(key)  # as typed, whatever the encoding
    return content.decode().strip(" \t\r\n")


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise NotABundle(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _write(path: str, text: str) -> None:
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise NotABundle(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _json(value: object, indent: Optional[int] = None) -> str:
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "ascii"


def _say(text: str) -> None:
    encoding = _encoding()
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


if __name__ == "__main__":
    sys.exit(main())
