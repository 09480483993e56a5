"""Those who say that they saw a checkpoint: a witness that really checks, an authority."""

from __future__ import annotations

import subprocess
import threading
import time
from base64 import b64decode
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import EMPTY_ROOT, verify_consistency
from eventstore.tlog.note import Note, NoteInvalid, Signer, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eventstore.integrity.audit import Signed


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    body: bytes
    kind: str = "text/plain"


@dataclass
class Witness:
    """A witness of c2sp.org/tlog-witness: it knows some logs, and cosigns only what grew."""

    signer: Signer
    logs: dict[str, Verifier]
    known: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    shows: str = ""
    """The note that it shows at `checkpoint`."""

    def answer(self, body: bytes) -> Answer:  # noqa: PLR0911 - a status for each rule
        """Answer `add-checkpoint`, as the specification orders it."""
        head, _, note_text = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        self.asked.append(first)
        try:
            old = int(first.removeprefix("old "))
            note = Note.parse(note_text)
            said = Checkpoint.parse(note.text)
        except (NoteInvalid, ValueError):
            return Answer(400, b"")
        log = self.logs.get(said.origin)
        if log is None:
            return Answer(404, b"")
        if note.signed_by(log) is None:
            return Answer(403, b"")
        size, root = self.known.get(said.origin, (0, EMPTY_ROOT))
        if old != size:
            return Answer(409, f"{size}\n".encode(), "text/x.tlog.size")
        if said.size == size and said.root != root:
            return Answer(409, f"{size}\n".encode(), "text/x.tlog.size")
        proof = [b64decode(line) for line in lines]
        if not verify_consistency(size, root, said.size, said.root, proof):
            return Answer(422, b"")
        self.known[said.origin] = (said.size, said.root)
        return Answer(200, self.signer.cosign(note.text, int(time.time())).line.encode())

    def saw(self, origin: str, signed: Signed) -> bool:
        """Tell whether this is the newest that it cosigned."""
        return self.known.get(origin) == tuple(signed)


@contextmanager
def witnessing(witness: Witness) -> Iterator[str]:
    """Serve a witness, and return its address."""

    def answer(path: str, body: bytes) -> Answer:
        if path.endswith("/checkpoint") and witness.shows:
            return Answer(200, witness.shows.encode())
        return witness.answer(body) if path.endswith("add-checkpoint") else Answer(404, b"")

    with served(answer) as url:
        yield f"{url}/prefix/"


@contextmanager
def served(answer: object) -> Iterator[str]:
    """Serve what a function answers to a path and a body."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            found: Answer = answer(self.path, body)  # type: ignore[operator] # a function
            self.send_response(found.status)
            self.send_header("content-type", found.kind)
            self.send_header("content-length", str(len(found.body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # whoever asked may be gone
                self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CONFIG = """
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/tsa.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass
class Authority:
    """A timestamp authority of one's own, made and run by openssl."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def config(self) -> Path:
        return self.folder / "openssl.cnf"

    def make(self) -> None:
        """Make an authority's certificate, and the one that it stamps with."""
        self.folder.mkdir()
        self.config.write_text(CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self._key("ca")
        self._key("tsa")
        request = ("req", "-new", "-config", "openssl.cnf")
        days = ("-days", "30", "-sha256")
        root = ("-x509", "-extensions", "authority", "-subj", "/CN=authority", *days)
        self._run(*request, *root, "-key", "ca.key", "-out", "ca.pem")
        self._run(*request, "-subj", "/CN=stamper", "-key", "tsa.key", "-out", "tsa.csr")
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", *days)
        stamping = ("-extfile", "openssl.cnf", "-extensions", "stamping")
        self._run("x509", "-req", "-in", "tsa.csr", *by, *stamping, "-out", "tsa.pem")

    def answer(self, body: bytes) -> Answer:
        """Stamp what is asked for."""
        (self.folder / "query.tsq").write_bytes(body)
        self._run("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query.tsq",
                  "-out", "reply.tsr")  # fmt: skip
        reply = (self.folder / "reply.tsr").read_bytes()
        return Answer(200, reply, "application/timestamp-reply")

    def confirms(self, content: Path, token: Path) -> bool:
        """Tell whether openssl believes a token about a file."""
        asked = ["openssl", "ts", "-verify", "-in", str(token), "-data", str(content)]
        command = [*asked, "-CAfile", str(self.ca_file)]
        found = subprocess.run(command, capture_output=True, check=False)
        return found.returncode == 0

    def _key(self, name: str) -> None:
        self._run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                  "-out", f"{name}.key")  # fmt: skip

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
