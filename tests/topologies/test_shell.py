"""The prompt finds hosts by their whole name; everything else is Mininet's."""

from __future__ import annotations

import pytest

from topologies.shell import Prompt


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pc-2 hostname", ("pc-2", "hostname", "pc-2 hostname")),
        ("  pc-2  ip addr ", ("pc-2", "ip addr", "pc-2  ip addr")),
        ("pc-2", ("pc-2", "", "pc-2")),
        ("pc hostname", ("pc", "hostname", "pc hostname")),
        ("sh-1 ls", ("sh-1", "ls", "sh-1 ls")),
        ("sh ls", ("sh", "ls", "sh ls")),
        ("sh -1", ("sh", "-1", "sh -1")),
        ("pc-3 hostname", ("pc", "-3 hostname", "pc-3 hostname")),
        ("nodes", ("nodes", "", "nodes")),
        ("", (None, None, "")),
        ("!ls", (None, None, "!ls")),
    ],
)
def test_a_line_begins_with_a_whole_name(
    line: str, found: tuple[str | None, str | None, str]
) -> None:
    """Mininet ends the first word at a hyphen, and takes ``sh-1`` for its command ``sh``."""
    prompt = Prompt.__new__(Prompt)  # without a town, and without a loop
    prompt.mn = dict.fromkeys(("pc", "pc-2", "sh-1"))

    assert prompt.parseline(line) == found
