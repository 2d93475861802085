"""The page of a running town, and the interface behind it; served on loopback alone.

Stays outside the town's namespaces and speaks to its control server
(`sekisho.runtime.json_lines`): whatever a browser can do, the command line can do as well, and
neither decides anything.
"""
