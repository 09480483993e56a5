"""The public contract: generated from the .proto files beside it. Read those."""
