"""Everything about a town's network that can be decided without a network.

No Mininet, no Ryu, no Scapy and no root in here: those live in ``topologies``, ``controller``
and ``scenarios``, which import this package and are never imported by it.
"""

__version__ = "0.1.0"
