"""What Open vSwitch's tools print, read."""

from __future__ import annotations

from topologies.ovs.daemon import tracked

SWITCHS = "tcp,orig=(src=10.41.0.11,dst=10.10.0.21,sport=40000,dport=443),reply=(...),zone=1"
OWN = "tcp,orig=(src=127.0.0.1,dst=127.0.0.1,sport=60310,dport=6653),reply=(...)"


def test_a_connection_of_a_switch_is_told_from_one_of_the_kernel() -> None:
    """The kernel tracks the controller's own conversation with its switches, in no zone."""
    assert tracked(f"{OWN},protoinfo=(state=ESTABLISHED)\n{SWITCHS},protoinfo=(...)\n") == [
        f"{SWITCHS},protoinfo=(...)"
    ]
    assert tracked("") == []
