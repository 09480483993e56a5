#!/usr/bin/env bash
# What: in rpds-py 2026.9.1 two empty `HashTrieMap`s are equal and unequal at once: `==` says True, and so does `!=`.
#   Maps that hold something are either, and so are empty sets. A tuple of maps is compared by `==` of its items, and is right.
# Matters to: whoever asks with `!=` whether a map changed. It is said to have changed as long as it is empty; ask `not a == b`.
# Seen on 2026-11-28 with Python 3.11.7:
#   maps of 0: == True, != True
#   maps of 1: == True, != False
#   sets of 0: == True, != False
# Fails if `!=` of empty maps becomes the opposite of `==`.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"

python3 -m venv v
v/bin/pip install -q --disable-pip-version-check rpds-py==2026.9.1 2>/dev/null

cat >differ.py <<'PYTHON'
from rpds import HashTrieMap, HashTrieSet

for kind, one, other in (
    ("maps of 0", HashTrieMap(), HashTrieMap()),
    ("maps of 1", HashTrieMap({"a": 1}), HashTrieMap({"a": 1})),
    ("sets of 0", HashTrieSet(), HashTrieSet()),
):
    print(f"{kind}: == {one == other}, != {one != other}")
PYTHON
v/bin/python differ.py | tee found

diff found - <<'EXPECTED'
maps of 0: == True, != True
maps of 1: == True, != False
sets of 0: == True, != False
EXPECTED
