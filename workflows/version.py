"""The version of the workflow's shape: which histories this program can go on with."""

from typing import Final

WORKFLOW_VERSION: Final = 2
"""Raised with every change after which a recorded history no longer replays.

A run of another version is not patched but replaced: a run keeps no state, so a new one that is
started from the log goes on where the old one was. Runs that carry no version are of version 1.
"""
