"""The suite ``coverage`` is for every rule of our own tables: no part of it can be chosen."""

from __future__ import annotations

import pytest

from sekisho.cli import main

_WHOLE = "--suite coverage chooses packets for every rule"
_OWN = "--suite coverage knows the rules of our own controller alone"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--only", "icmp"], _WHOLE),
        (["--from", "S1"], _WHOLE),
        (["--scenario", "wireless-resident"], _WHOLE),
        (["--controller", "127.0.0.1:6653"], _OWN),
    ],
    ids=lambda given: given[0].strip("-") if isinstance(given, list) else "",
)
def test_a_part_of_it_is_refused(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything starts, with what to leave out."""
    command = ["check", "topologies/tiny.yaml", "--suite", "coverage", "--lang", "en", *words]
    status = main(command)
    said = capsys.readouterr().err

    assert status == 2
    assert why in said
    assert "hint: leave out" in said
