"""A whole emergency, over gRPC, on real parts."""
