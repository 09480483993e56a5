"""Views: tables that people look at, made from the log and made again at will."""
