"""What it costs: figures taken side by side in one run, on the full path of the product."""

import services  # noqa: F401 - settles how gRPC forks, before anybody imports gRPC
