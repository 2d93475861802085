"""What stands beside plans under version control: SARIF, hook, action, the schema's line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sekisho.cli import main
from sekisho.errors import Fault
from sekisho.lint.sarif import sarif
from tests.sekisho.plan.test_include import cut

ROOT = Path(__file__).parents[1]
TINY = ROOT / "topologies" / "tiny.yaml"
_LONG_S = 120.0


def _wrong(folder: Path, name: str = "wrong.yaml") -> Path:
    """A plan with one mistake, and its line."""
    out = folder / name
    out.write_text(
        TINY.read_text("utf-8").replace("to: D1, services", "to: D9, services", 1), "utf-8"
    )
    return out


def _results(path: Path) -> list[dict[str, Any]]:
    log = json.loads(path.read_text("utf-8"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= known
    found: list[dict[str, Any]] = run["results"]
    return found


def test_a_mistake_stands_at_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file, line and words as on standard error."""
    plan, out = _wrong(tmp_path), tmp_path / "out.sarif"
    assert main(["plan", "lint", str(plan), "--sarif", str(out), "--lang", "en"]) == 2
    said = capsys.readouterr().err
    results = _results(out)
    assert results
    for result in results:
        place = result["locations"][0]["physicalLocation"]
        line, uri = place["region"]["startLine"], place["artifactLocation"]["uri"]
        assert uri == plan.as_uri()
        assert result["level"] == "error"
        assert f"{plan}:{line}: {result['message']['text'].splitlines()[0]}" in said


def test_warnings_are_warnings_until_they_are_taken_for_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path stays relative, and is quoted where a URI wants it."""
    monkeypatch.chdir(tmp_path)
    odd = TINY.read_text("utf-8").replace("profile: seed-r4", "profile: seed-r5")
    Path("my town.yaml").write_text(odd, "utf-8")
    assert main(["plan", "lint", "my town.yaml", "--sarif", "one", "--lang", "en"]) == 0
    assert main(["plan", "lint", "my town.yaml", "--sarif", "two", "--lang", "ja", "--strict"]) == 2
    (one,), (two,) = _results(Path("one")), _results(Path("two"))
    assert (one["level"], two["level"]) == ("warning", "error")
    assert one["message"]["text"].startswith("nobody knows the profile 'seed-r5'")
    assert two["message"]["text"].startswith("プロファイル 'seed-r5' は知られていない\n対処: ")
    place = {"artifactLocation": {"uri": "my%20town.yaml"}, "region": {"startLine": 6}}
    assert one["locations"] == two["locations"] == [{"physicalLocation": place}]


def test_a_fault_without_a_line_has_no_region() -> None:
    """Warnings and mistakes keep apart; a hint stands under what is wrong."""
    faults = [Fault("a b.yaml", 0, "what is wrong", "do so")]
    one, other = sarif(faults, faults)["runs"][0]["results"]
    assert (one["level"], other["level"]) == ("error", "warning")
    assert one["message"]["text"] == "what is wrong\nhint: do so"
    place = {"artifactLocation": {"uri": "a%20b.yaml"}}
    assert one["locations"] == [{"physicalLocation": place}]


def test_several_plans_are_checked_and_every_mistake_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is right beside two that are not."""
    one, other = _wrong(tmp_path, "one.yaml"), _wrong(tmp_path, "other.yaml")
    assert main(["plan", "lint", str(one), str(TINY), str(other), "--lang", "en"]) == 2
    said = capsys.readouterr()
    assert f"{TINY}: no mistake" in said.out
    assert f"{one}:" in said.err
    assert f"{other}:" in said.err


def test_a_file_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option's name."""
    (tmp_path / "no").write_text("")  # a file where the folder would be
    words = ["plan", "lint", str(TINY), "--sarif", str(tmp_path / "no" / "file"), "--lang", "en"]
    assert main(words) == 2
    assert "--sarif" in capsys.readouterr().err


def _step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action, as a runner does."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    (step,) = (step for step in action["runs"]["steps"] if step["name"] == name)
    given = {key: value.get("default", "") for key, value in action["inputs"].items()} | inputs
    wanted = {
        key: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for key, value in step["env"].items()
    }
    place = folder / "action"
    if not place.exists():
        (place / ".venv" / "bin").mkdir(parents=True)
        tool = place / ".venv" / "bin" / "sekisho"
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m sekisho.cli "$@"\n')
        tool.chmod(0o755)
    environment = {
        **os.environ,
        **wanted,
        "GITHUB_ACTION_PATH": str(place),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=_LONG_S, check=False,
    )  # fmt: skip


def test_a_plan_is_not_written_over(tmp_path: Path) -> None:
    """Nor is anything that is no file."""
    shutil.copy(TINY, tmp_path / "town.yaml")
    town = str(tmp_path / "town.yaml")
    assert main(["plan", "lint", town, "--sarif", str(tmp_path / "." / "town.yaml")]) == 2
    assert (tmp_path / "town.yaml").read_bytes() == TINY.read_bytes()
    assert main(["plan", "lint", town, "--sarif", "/dev/null"]) == 2


def test_the_action_takes_plans_on_several_lines_and_not_none(tmp_path: Path) -> None:
    """A plan on the second line is checked, too."""
    shutil.copy(TINY, tmp_path / "tiny.yaml")
    _wrong(tmp_path)
    assert _step("Find mistakes", tmp_path, plans="tiny.yaml\nwrong.yaml\n").returncode == 2
    none = _step("Find mistakes", tmp_path, plans=" \n")
    assert (none.returncode, "names no plan" in none.stderr) == (2, True)


def test_the_action_finds_mistakes_and_writes_them_down(tmp_path: Path) -> None:
    """A right plan passes; a wrong one ends the step with 2, with its SARIF written."""
    shutil.copy(TINY, tmp_path / "tiny.yaml")
    right = _step("Find mistakes", tmp_path, plans="tiny.yaml")
    assert right.returncode == 0, right.stderr
    assert _results(tmp_path / "sekisho.lint.sarif") == []
    _wrong(tmp_path)
    wrong = _step("Find mistakes", tmp_path, plans="tiny.yaml wrong.yaml", sarif="found")
    assert wrong.returncode == 2
    assert _results(tmp_path / "found")


def test_the_action_proves_where_that_was_asked_for(tmp_path: Path) -> None:
    """``lint`` does nothing more; another word is refused."""
    shutil.copy(TINY, tmp_path / "tiny.yaml")
    proved = _step("Prove and test", tmp_path, plans="tiny.yaml", command="prove")
    assert proved.returncode == 0, proved.stderr
    assert "for all packets: 0 forbidden paths" in proved.stdout
    assert _step("Prove and test", tmp_path, plans="tiny.yaml").stdout == ""
    assert _step("Prove and test", tmp_path, plans="tiny.yaml", command="all").returncode == 2


def test_the_hook_refuses_a_plan_with_a_mistake(tmp_path: Path) -> None:
    """Its words are a command of ours that takes the files of a commit behind it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *words = hook["entry"].split()
    assert (program, hook["language"], hook["types"]) == ("sekisho", "system", ["yaml"])
    assert main([*words, str(TINY)]) == 0
    assert main([*words, str(TINY), str(_wrong(tmp_path))]) == 2


def test_the_hook_checks_the_plan_that_a_part_belongs_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each file of a commit; a part with a mistake is refused, with its own line."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    words = hook["entry"].split()[1:]
    path = cut(tmp_path)
    parts = ["parts/zones.yaml", "parts/work.yml"]
    monkeypatch.chdir(tmp_path)
    assert main([*words, *parts, "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "parts/zones.yaml: a part of town.yaml, which is checked\n" in out
    assert out.count("town.yaml: no mistake") == 1
    for broken in ("zones: {", "zones: {a: 1}\n"):
        Path("parts/zones.yaml").write_text(broken, "utf-8")
        assert main([*words, *parts, path.name]) == 2
        assert capsys.readouterr().err.startswith("parts/zones.yaml:")
    Path("alone.yaml").write_text("zones: {}\n", "utf-8")  # no plan includes it: it is no part
    assert main([*words, "alone.yaml"]) == 2


@pytest.mark.parametrize("path", sorted((ROOT / "topologies").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_shipped_plan_names_its_schema(path: Path) -> None:
    """For editors; the path leads to the schema from where the plan lies."""
    line = path.read_text("utf-8").splitlines()[-1]
    words, _, where = line.partition("$schema=")
    assert words == "# yaml-language-server: "
    assert (path.parent / where).resolve() == ROOT / "sekisho" / "plan" / "plan.schema.json"
