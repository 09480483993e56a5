"""Write the Python modules of `muster.v1` beside their .proto files.

`python protos/generate.py` writes them, and the image that `buf breaking` compares with if there is
none yet; `--check` only says whether they are what the .proto files lead to.
"""

from __future__ import annotations

import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
SOURCES = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("muster/v1/*.proto"))
RELEASED = HERE / "released.binpb"
"""What was promised last: a change that would break it is refused by `buf breaking`."""


def main() -> int:
    """Write the modules, or compare them."""
    if "--check" in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            _generate(Path(folder))
            return _differences(Path(folder))
    _generate(HERE)
    if not RELEASED.exists():
        subprocess.run(  # noqa: S603 - our own tool
            [_tool("buf"), "build", "--exclude-source-info", "-o", RELEASED],
            cwd=HERE.parent,
            check=True,
        )
    return 0


def _generate(into: Path) -> None:
    services = [source for source in SOURCES if source.endswith("_service.proto")]
    _protoc(into, ("python", "mypy"), SOURCES)
    _protoc(into, ("grpc_python", "mypy_grpc"), services)


def _protoc(into: Path, kinds: tuple[str, ...], sources: list[str]) -> None:
    arguments = [
        "protoc",
        f"-I{HERE}",
        f"-I{HERE / 'vendor'}",
        f"-I{Path(protoc.__file__).parent / '_proto'}",
        f"--plugin=protoc-gen-mypy={_tool('protoc-gen-mypy')}",
        f"--plugin=protoc-gen-mypy_grpc={_tool('protoc-gen-mypy_grpc')}",
        *(f"--{kind}_out={into}" for kind in kinds),
        *sources,
    ]
    if status := protoc.main(arguments):
        raise SystemExit(status)


def _differences(fresh: Path) -> int:
    made = [path.relative_to(fresh) for path in fresh.rglob("*.py*")]
    stale = [
        path
        for path in made
        if not (HERE / path).exists() or not filecmp.cmp(HERE / path, fresh / path, shallow=False)
    ]
    for path in stale:
        sys.stderr.write(f"{path} is stale: run `python protos/generate.py`\n")
    return 1 if stale else 0


def _tool(name: str) -> Path:
    return Path(sys.executable).parent / name


if __name__ == "__main__":
    sys.exit(main())
