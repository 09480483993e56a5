"""Tests."""

import services  # noqa: F401 - settles how gRPC forks, before anybody imports gRPC
