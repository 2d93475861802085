"""The hosts of a town: their namespaces, addresses and services."""
