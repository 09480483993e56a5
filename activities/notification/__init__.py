"""Notify people: compose the message, choose the channel, send it."""
