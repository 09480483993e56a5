"""The log beside other event stores, on the same work, in one run: `python -m benchmarks.log`."""
