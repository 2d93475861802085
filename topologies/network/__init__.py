"""The network of a town: Mininet's topology, interfaces, lines, namespaces."""
