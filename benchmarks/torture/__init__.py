"""Faults on purpose, under load, and an independent look at the log afterwards.

It stands with the benchmarks because it is a program that prints figures and takes minutes; its
own tests, and a short run of it, are in `tests/torture`. The load (`writer`, `watcher`) knows the
log as any process of Muster does. The checker knows none of that code: only what the load wrote
down (`journal` says how), the tables, and the definitions of the hashes.
"""
