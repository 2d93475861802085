"""The programs inside the namespaces: check, disturb, replay, serve."""
