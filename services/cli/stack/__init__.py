"""The local stack from the command line: processes, backups, tokens, views, webhooks."""
