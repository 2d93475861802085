"""Ports that are moved: a request examined, previewed, and written to the journal."""
