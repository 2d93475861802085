"""The programs inside the namespaces: check, chaos, replay, serve."""
