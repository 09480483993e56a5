"""The service, with people on file."""

from tests.api.conftest import origin, published, service, views

__all__ = ["origin", "published", "service", "views"]
