"""Runs the commands of a page on hosts that are folders and ports of this machine."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.postgres import INITIALISED, programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BLOCK = re.compile(r"```sh\n# on (db-[a-c])\n(.*?)```", re.DOTALL)
HOST = re.compile(r"(-h |host=)(db-[a-c])")
TIMEOUT_S = 90.0


@dataclass
class Hosts:
    """Hosts of the page, by name: where their folders are, and on which port they listen."""

    folder: Path
    user: str | None
    ports: Mapping[str, int]
    started: list[str] = field(default_factory=list)

    def run(self, host: str, script: str) -> str:
        """Run a block as the user that runs PostgreSQL on a host."""
        said = self.folder / "said"
        with said.open("wb") as out:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", self._here(host, script)],
                user=self.user, cwd=self.folder, env=self._environment(host), check=False,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=TIMEOUT_S,
            )  # fmt: skip
        assert done.returncode == 0, said.read_text()
        return said.read_text()

    def make(self, host: str) -> None:
        """Have a PostgreSQL run on a host, as the page finds it."""
        settings = "unix_socket_directories=''\nfsync=off\nmin_wal_size=2MB\n"
        self.run(
            host,
            f"initdb -D /srv/postgres -U postgres --wal-segsize=1 {' '.join(INITIALISED)}\n"
            f'printf "{settings}" >> /srv/postgres/postgresql.conf\n'
            "pg_ctl -D /srv/postgres -l /srv/postgres.log -w start",
        )

    def kill(self, host: str) -> None:
        """End the server of a host as its host would end."""
        self.run(host, 'kill -9 "$(head -1 /srv/postgres/postmaster.pid)"')

    def end(self) -> None:
        """Stop all there is; their logs are shown if a test fails."""
        for host in self.ports:
            print(self.run(host, "tail -n 20 /srv/postgres.log || true"))
            self.run(host, "pg_ctl -D /srv/postgres -m immediate stop || true")

    def dsn(self, dsn: str) -> str:
        """Return an address of the page as it is here."""
        for host, port in self.ports.items():
            dsn = dsn.replace(host, f"127.0.0.1:{port}")
        return dsn.replace(":…@", "@").replace("sslmode=verify-full&", "")

    def _here(self, host: str, script: str) -> str:
        place = self.folder / host
        moved = HOST.sub(self._address, script)
        moved = re.sub(r"/srv/postgres\b", str(place / "postgres"), moved)
        return re.sub(r"/(archive|backup)\b", rf"{self.folder}/\1", moved)

    def _address(self, found: re.Match[str]) -> str:
        how, port = found[1], self.ports[found[2]]
        port_too = f" -p {port}" if how == "-h " else f" port={port}"
        return f"{how}127.0.0.1{port_too}"

    def _environment(self, host: str) -> dict[str, str]:
        path = f"{programs()}:{os.environ['PATH']}"
        return {"PATH": path, "PGPORT": str(self.ports[host]), "HOME": str(self.folder)}


def blocks(page: str, title: str) -> Iterator[tuple[str, str]]:
    """Return the commands under a heading of a page, each with the host that they are for."""
    section = page.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]
    found = BLOCK.findall(section)
    assert found, title
    yield from found
