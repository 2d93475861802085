"""A case is put together from what is known of it, and laid flat for the file of cases."""

from __future__ import annotations

from sekisho.evidence.judged_case import End, Expected, Identity, JudgedCase, Observed
from sekisho.evidence.verdict import Verdict


def _end(name: str, of_class: str) -> End:
    where = {"host": name, "site": "hall", "switch": "floor", "zone": "web"}
    return End(id=f"{name}.lan", of_class=of_class, port=1, vlan=40, mac="m", ip="i", **where)


def test_a_case_without_a_twin_or_a_rule_says_so_in_every_key() -> None:
    """What is not there is empty, and who is who has keys for both ends."""
    identity = Identity(
        case="X-000001",
        run="r",
        state="normal",
        source=_end("nb", "S1"),
        target=_end("www", "D2"),
        tester="",
        witness="",
    )
    expected = Expected(
        clause="A02", probe="exchange", proto="tcp", ports="443", expect="arrive", plan_line="t:9"
    )
    observed = Observed(
        sent=1, sent_seen=1, arrived=1, verdict=Verdict.PASS, reason="", start="a", end="b"
    )
    flat = JudgedCase(identity, expected, observed).flat()

    assert (flat.cell, flat.mark) == ("S1/D2", "○")
    assert (flat.src, flat.src_class, flat.dst, flat.dst_class) == ("nb.lan", "S1", "www.lan", "D2")
    assert (flat.control, flat.control_arrived, flat.drop_rule, flat.drop_counted) == ("", 0, "", 0)
