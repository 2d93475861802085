"""An entry of the catalogue says what of it was sent, and what was not."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles
from scenarios.suites.attack_cases import MAX_FRAME, Catalogue, representative_pairs
from sekisho.spoken import japanese
from tests.population import town


@entry("MY-01", "one that fits and one that does not", "IEEE 802.3")
def half(_roles: Roles) -> Iterator[Sendable]:
    """Send a frame, and one longer than a cable takes."""
    yield bytes(60)
    yield bytes(MAX_FRAME + 1)


def test_an_entry_that_is_sent_in_part_says_so() -> None:
    """What does not fit the cable is counted, in both languages, and never silently left out."""
    plan = town("tiny")
    catalogue = Catalogue(plan, seed=1, first_case=1, first_window=1)
    pairs = representative_pairs(plan)[:1]
    (window,) = catalogue.windows([half], pairs)
    (line,) = catalogue.account([half])

    assert len(window.frames) == line["frames"] == 1
    assert line["kind"] == "frames"
    assert line["reason"] == "1 frames are longer than a 1500-byte cable takes, and not sent"
    assert japanese(line["reason"]) == "うち1件のフレームは1500バイトの回線に入らず、送っていない"
