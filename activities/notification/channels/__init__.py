"""Channels that a notification is sent by, one file each."""
