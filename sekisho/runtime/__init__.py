"""Programs: namespaces, sockets between processes, progress, and what this machine has."""
