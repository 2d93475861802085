"""The packets that a proof shows arrive in a running town that holds the faulty table."""

from __future__ import annotations

import sys

import pytest

from scenarios.bench import wire

pytestmark = pytest.mark.live


def test_what_a_proof_shows_arrives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six faults of the tiny town, some of them within a conversation."""
    monkeypatch.setattr(sys, "argv", ["wire", "--paths", "6"])
    status = wire.main()
    said = capsys.readouterr().out

    assert status == 0, said
    assert "confirmed 6 / 6 packets on the wire" in said
