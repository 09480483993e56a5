"""The service, with people on file."""

from tests.api.conftest import service, views

__all__ = ["service", "views"]
