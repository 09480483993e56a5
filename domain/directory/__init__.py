"""Who can be reached, and how; everything personal is sealed before it comes here."""
