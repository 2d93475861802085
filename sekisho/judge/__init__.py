"""Third witness: what was seen on the wire, held against the plan's meaning."""
