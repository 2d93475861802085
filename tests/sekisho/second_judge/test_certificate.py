"""Certificates: a formula and a proof for every pair, and what the command says of them."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.commands.screen import screen
from sekisho.commands.second_opinion import compare
from sekisho.errors import DisagreementError, LabError
from sekisho.openflow.rules import Kind as RuleKind
from sekisho.proof.verdict import prove
from sekisho.second_judge.certificate import certified
from sekisho.second_judge.checker import check
from sekisho.second_judge.verdict import judged
from tests.population import town
from tests.test_meaning import FAULTS, changed, tables, without

_TINY = "topologies/tiny.yaml"
_PROVE = ["--lang", "en", "prove", _TINY]


def test_every_pair_of_a_sound_town_has_a_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files are those that the manifest names, with their digests, and the proofs hold."""
    folder = tmp_path / "certificates"

    assert main([*_PROVE, "--certificate", str(folder)]) == 0
    assert "certificates: 96 of 96 pairs that nothing forbidden crosses" in capsys.readouterr().out
    said = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert "is the encoder's word" in said["caveat"]["en"]
    assert {(pair["source"], *pair["target"][:1]) for pair in said["pairs"]} >= {
        ("floor:3", "room:1"),
        ("floor:host", "room:2"),
    }
    for pair in said["pairs"]:
        texts = [(folder / pair[name]).read_text("ascii") for name in ("cnf", "proof")]
        sums = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        assert [pair["cnf_sha256"], pair["proof_sha256"]] == sums
        assert check(texts[0], texts[1]) == pair["steps"]
    named = {pair[name] for pair in said["pairs"] for name in ("cnf", "proof")}
    assert {path.name for path in folder.iterdir()} == {*named, "manifest.json"}


def test_a_pair_that_something_crosses_has_none(tmp_path: Path) -> None:
    """Of exactly the pairs of which something forbidden is told."""
    spoilt = changed(tables("tiny"), FAULTS["any IP address is admitted"])
    found = certified(town("tiny"), spoilt, tmp_path)
    told = {str(each.source) for each in judged(town("tiny"), spoilt).found}

    assert {each.source for each in found if not each.is_isolated} == told
    assert all(bool(each.cnf) is each.is_isolated for each in found)


def test_another_folder_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written beside what is there; and lines that are down have no certificates."""
    (tmp_path / "there").write_text("", "ascii")

    assert main([*_PROVE, "--certificate", str(tmp_path)]) == 2
    assert "is not an empty folder\n  hint: name a folder" in capsys.readouterr().err
    assert main([*_PROVE, "--certificate", str(tmp_path / "new"), "--lines", "1"]) == 2
    assert "--lines and --certificate together" in capsys.readouterr().err


def test_without_a_solver_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and what to do."""
    monkeypatch.setitem(sys.modules, "pysat.solvers", None)
    with pytest.raises(LabError, match=r"pip install 'sekisho\[judge\]'"):
        certified(town("tiny"), tables("tiny"), tmp_path)


_SAID = {"en": "agrees on all 288 pairs", "ja": "ポートの組 288 のすべてで一人目と一致"}


@pytest.mark.parametrize(("language", "said"), _SAID.items())
def test_the_second_judge_agrees(
    language: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the command line, in both languages."""
    assert main(["--lang", language, "prove", _TINY, "--judge", "z3"]) == 0
    assert said in capsys.readouterr().out


def test_judges_that_differ_are_told_with_both_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A proof of other tables stands for a judge that is wrong: either way round it is told."""
    plan, sound = town("tiny"), dict(tables("tiny"))
    spoilt = changed(sound, without(RuleKind.REPLY))
    for of, given, answers in ((sound, spoilt, "the first says no, the second yes"),
                               (spoilt, sound, "the first says yes, the second no")):  # fmt: skip
        with pytest.raises(DisagreementError, match="the two judges differ on 4 pairs"):
            compare(screen("en"), plan, {(): given}, {(): prove(plan, of)})
        out = capsys.readouterr().out
        assert out.count("the judges differ on") == out.count("Ether(src=") == 4
        assert f"something permitted does not arrive: {answers}" in out


def test_the_command_ends_with_an_exit_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither proved nor a finding: 5."""
    spoilt = changed(tables("tiny"), without(RuleKind.REPLY))
    proofs = {(): prove(town("tiny"), spoilt)}
    monkeypatch.setattr("sekisho.commands.prove.prove_cuts", lambda *_, **__: proofs)
    monkeypatch.setattr("sekisho.commands.prove._show", lambda *_: None)

    assert main([*_PROVE, "--judge", "z3"]) == 5
    assert "differ on" in capsys.readouterr().err
