"""The page about scenarios tells the truth: every probe and id stands in it, its examples run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from scenarios.attacks import Entry, load_families
from scenarios.probes import base
from scenarios.probes.base import PROBES
from scenarios.probes.context import ProbeContext
from scenarios.probes.registry import collected
from scenarios.probes.roles import RoleAssignment
from scenarios.suites.requirements import ASKED, UNTRIED
from sekisho.plan.kinds import Key
from sekisho.report.catalogue import FAMILIES, KINDS
from sekisho.scenario.keys import SECTIONS
from sekisho.scenario.library import shipped
from tests.population import town

PAGE = Path(__file__).parent.parent / "docs" / "scenarios.md"
_EXAMPLES = re.compile(r"```python\n(.*?)```", re.S)


def probe_table() -> str:
    """Return the table of the gate's probes."""
    rows = [f"| `{p.id}` | {p.item or '－'} | {_said(p.frames)} |" for p in PROBES]
    return "\n".join(["| probe | item | what |", "|---|---|---|", *rows, ""])


def _said(probe: object) -> str:
    sentence = " ".join((probe.__doc__ or "").split("\n\n")[0].split()).rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def catalogue() -> str:
    """Return the tables of all entries, a heading for each family."""
    out = []
    for family, members in itertools.groupby(load_families(), key=lambda entry: entry.family):
        out += [f"### {family}: {FAMILIES[family].en}", "", "| id | name | kind | source |"]
        out += ["|---|---|---|---|", *map(_row, members), ""]
    return "\n".join(out)


def _row(entry: Entry) -> str:
    kind = KINDS[entry.kind.value].en
    told = f"{kind}: {entry.reason}" if entry.reason else kind
    return f"| {entry.id} | {entry.name} | {told} | {entry.source} |"


def situation_keys() -> str:
    """Return a table of keys for each mapping of a situation."""
    out = []
    for section in SECTIONS.values():
        out += [f"`{section.place}`: {section.meaning}", "", "| key | value | needed | meaning |"]
        out += ["|---|---|---|---|", *map(_key, section.keys), ""]
    return "\n".join(out)


def _key(key: Key) -> str:
    kind = key.type_text().replace("|", r"\|")
    return f"| `{key.name}` | {kind} | {'yes' if key.required else 'no'} | {key.meaning} |"


def situations() -> str:
    """Return the list of the shipped situations."""
    out = ["| id | intent | requirements | states | towns |", "|---|---|---|---|---|"]
    for one in shipped():
        words = (", ".join(each) for each in (one.requirements, one.states))
        named = [part.town for part in one.parts] + ["any other"] * (one.anywhere is not None)
        towns = ", ".join(named)
        out.append(f"| `{one.id}` | {one.intent.en} | {' | '.join(words)} | {towns} |")
    return "\n".join([*out, ""])


def requirements() -> str:
    """Return the list of the requirements that have a situation, with all of those."""
    out = ["| id | what it asks | situations |", "|---|---|---|"]
    for name in (each for each in ASKED if each not in UNTRIED):
        found = (f"`{one.id}`" for one in shipped() if name in one.requirements)
        out.append(f"| {name} | {ASKED[name]} | {', '.join(found)} |")
    return "\n".join([*out, ""])


def untried() -> str:
    """Return the list of the requirements that have none, with the reason."""
    rows = [f"| {name} | {ASKED[name]} | {reason} |" for name, reason in UNTRIED.items()]
    heads = ["| id | what it asks | why it is not tried here |", "|---|---|---|"]
    return "\n".join([*heads, *rows, ""])


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ("probes", probe_table),
        ("catalogue", catalogue),
        ("situation-keys", situation_keys),
        ("situations", situations),
        ("requirements", requirements),
        ("untried", untried),
    ],
)
def test_the_page_lists_exactly_what_there_is(
    part: str, wanted: Callable[[], str], pytestconfig: pytest.Config
) -> None:
    """Both ways: nothing is sent that is not told, nothing told that is not there."""
    between = re.compile(rf"(<!-- {part}: .*? -->\n)(.*?)(<!-- end -->)", re.S)
    if pytestconfig.getoption("--golden"):
        text = between.sub(lambda m: m[1] + wanted() + m[3], PAGE.read_text("utf-8"))
        PAGE.write_text(text, "utf-8")
    (found,) = between.findall(PAGE.read_text("utf-8"))

    assert found[1] == wanted()


def test_the_probe_of_the_page_runs() -> None:
    """As it stands there, put at the end of the module."""
    example, _ = _EXAMPLES.findall(PAGE.read_text("utf-8"))
    module = ModuleType("probes")
    vars(module).update(vars(base))
    exec(example, vars(module))
    plan = town("tiny")
    source, target, victim, *_ = plan.attachments
    context = ProbeContext(plan, source, target, victim, (), itertools.count(20000).__next__)
    added = module.PROBES[-1]

    assert added.id == "telephone"
    assert [probe_frame.packet.dport for probe_frame in added.frames(context)] == [5060, 5060]


def test_the_entry_of_the_page_runs() -> None:
    """As it stands there, in a module of its own."""
    _, example = _EXAMPLES.findall(PAGE.read_text("utf-8"))
    module = ModuleType("my")
    exec(compile(example, "my.py", "exec", dont_inherit=True), vars(module))
    plan = town("tiny")
    roles = RoleAssignment(plan).roles(plan.attachments[0], plan.attachments[2])
    (added,) = collected([module])

    assert len(list(added.recipe(roles))) == 2
