"""The gRPC service, built from the descriptors of `muster.v1`."""
