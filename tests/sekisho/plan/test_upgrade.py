"""A plan of version 1 written in version 2: what it tells, what it asks, and what stays."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.errors import PlanError, UsageError
from sekisho.model import DeviceKind, Plan
from sekisho.plan import load
from sekisho.plan.upgrade import asked, question, read_answers, upgrade
from tests.population import town

ROOT = Path(__file__).parents[3]
_NOT = "not one of zones, switches, devices, with ids under it"
SHIPPED = ("tiny", "alpha", "matsuno", "city")


def older(folder: Path, name: str) -> Path:
    """Write a shipped plan as version 1 had it; return its path."""
    text = (ROOT / "topologies" / f"{name}.yaml").read_text("utf-8")
    zones = re.findall(r"^  ([a-z0-9-]+): .* protection: resident,", text, re.MULTILINE)
    text = text.replace("{protection: resident}", f"{{zones: [{', '.join(zones)}]}}")
    text = re.sub(r", protection: \[[^]]*\]", "", text)  # of classes
    text = re.sub(r" protection: \w+, *", " ", text).replace("\nsekisho: 2\n", "\nsekisho: 1\n")
    text = re.sub(r"\n    kind: \w+", "", text)
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def _filled(plan: Plan, truth: Plan, path: Path) -> Path:
    """Write the list that *plan* asks for, filled in with what is true."""
    zones = {f"zones {z.id}": z.protection for z in truth.zones}
    words = zones | {f"devices {d.id}": d.kind for d in truth.devices}
    lines, section = [], ""
    for line in question(plan, "en").splitlines():
        name = line.strip().partition(":")[0]
        section = section if line.startswith("  ") else name
        word = words.get(f"{section} {name}")
        lines.append(f"  {name}: {word.value}" if word else line)
    path.write_text("\n".join(lines), "utf-8")
    return path


def _meaning(plan: Plan) -> tuple[object, ...]:
    """Return what a plan means, without lines and places."""
    attachments = tuple(replace(a, where="") for a in plan.attachments)
    allows = tuple(replace(a, where="") for c in plan.clauses for a in c.allows)
    words = (
        {z.id: z.protection for z in plan.zones},
        {s.id: s.role for s in plan.switches},
        {d.id: d.kind for d in plan.devices},
    )
    return attachments, allows, words


@pytest.mark.parametrize("name", SHIPPED)
def test_the_new_plan_means_what_the_shipped_one_does(name: str, tmp_path: Path) -> None:
    """With the list filled in; and every line of the old file is there, in its order."""
    path = older(tmp_path, name)
    plan, new = load(path), tmp_path / "new.yaml"
    answers = read_answers(str(_filled(plan, town(name), tmp_path / "list.yaml")), plan)

    upgrade(plan, answers, new)

    read = load(new)
    assert (read.version, _meaning(read)) == (2, _meaning(town(name)))
    old_lines, new_lines = (p.read_text("utf-8").splitlines() for p in (path, new))
    put_in = [line for line in difflib.ndiff(old_lines, new_lines) if line.startswith("- ")]
    assert all("layer:" in line or line == "- sekisho: 1" for line in put_in)
    comments = [line for line in old_lines if line.lstrip().startswith("#")]
    assert [line for line in new_lines if line.lstrip().startswith("#")] == comments


def test_block_style_and_comments_within_an_entry_are_kept(tmp_path: Path) -> None:
    """A zone on lines of its own gets a line of its own, at its column."""
    path = older(tmp_path, "tiny")
    line = next(x for x in path.read_text("utf-8").splitlines() if x.startswith("  visitor:"))
    block = (
        "  visitor:  # those who come\n    # their name\n"
        "    label: {ja: 来庁者, en: Visitors}  # shown\n"
        "    layer: W\n    vlan: 95\n    subnets: {hall: 172.30.0.0/24}"
    )
    path.write_text(path.read_text("utf-8").replace(line, block), "utf-8")
    plan, new = load(path), tmp_path / "new.yaml"

    upgrade(plan, read_answers(str(_filled(plan, town("tiny"), tmp_path / "l")), plan), new)

    assert block.replace("name\n", "name\n    protection: visitor\n") in new.read_text("utf-8")


def test_what_a_plan_does_not_tell_is_asked_in_one_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Zones are never guessed; what a device is, is, and says so."""
    path = older(tmp_path, "tiny")

    status = main(["plan", "upgrade", str(path), "--lang", "en"])
    said = capsys.readouterr()

    assert status == 2
    assert said.out.splitlines()[3:7] == [
        '  web: "?"       # Office web (B)',
        '  wired: "?"     # Staff wired (B)',
        '  wireless: "?"  # Staff wireless (B)',
        f"# kind: {', '.join(kind.value for kind in DeviceKind)}",
    ]
    assert "  juki: server     # Resident register server (a guess)" in said.out
    assert "7 words cannot be told from the plan" in said.err
    assert len(asked(load(path))) == 7


def test_the_list_as_it_was_printed_answers_nothing(tmp_path: Path) -> None:
    """Each open line is named, with the words that it may have."""
    plan = load(older(tmp_path, "tiny"))
    path = tmp_path / "list.yaml"
    path.write_text(question(plan, "ja"), "utf-8")
    with pytest.raises(PlanError) as caught:
        read_answers(str(path), plan)

    assert [(f.line, f.text) for f in caught.value.faults] == [
        (4, "zones.web: '?' is no answer"),
        (5, "zones.wired: '?' is no answer"),
        (6, "zones.wireless: '?' is no answer"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ('web: "?"', "web: ofice", "zones.web: 'ofice' is no answer", "did you mean 'office'?"),
        ('web: "?"', "visitor: office", "zones.visitor is not asked for", "take the line out"),
        ("  nb: terminal", "  nb1: terminal", "devices.nb1 is not asked for", "take the line out"),
        ("zones:", "systems:", f"'systems' is {_NOT}", "fill in the list as it was printed"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_the_list_is_named(
    old: str, new: str, said: str, hint: str, tmp_path: Path
) -> None:
    """With its line, and a way out."""
    plan = load(older(tmp_path, "tiny"))
    path = tmp_path / "list.yaml"
    text = question(plan, "en")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(PlanError) as caught:
        read_answers(str(path), plan)

    assert (said, hint) in [(f.text, f.hint) for f in caught.value.faults]


def test_nothing_is_written_over_and_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is there stays, and a plan of version 2 needs nothing."""
    plan = load(older(tmp_path, "tiny"))
    answers = read_answers(str(_filled(plan, town("tiny"), tmp_path / "list.yaml")), plan)

    with pytest.raises(UsageError, match="is there already"):
        upgrade(plan, answers, Path(plan.path))
    assert main(["plan", "upgrade", str(ROOT / "topologies" / "tiny.yaml"), "--lang", "en"]) == 2
    assert "is written in version 2 already" in capsys.readouterr().err


def test_a_role_of_ones_own_is_asked_for_and_replaced(tmp_path: Path) -> None:
    """Version 1 took any word; the columns stay."""
    path = older(tmp_path, "tiny")
    path.write_text(path.read_text("utf-8").replace("role: access,", "role: hall,"), "utf-8")
    plan, new = load(path), tmp_path / "new.yaml"
    filled = _filled(plan, town("tiny"), tmp_path / "list.yaml")
    filled.write_text(filled.read_text("utf-8").replace('floor: "?"', "floor: access"), "utf-8")

    upgrade(plan, read_answers(str(filled), plan), new)

    assert "site: hall, role: access, ports: 8" in new.read_text("utf-8")
