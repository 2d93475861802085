"""The description of the interface and its page in the documents name the same routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sekisho.model import PortRef
from sekisho.plan import load
from sekisho.web import looks
from sekisho.web.app import TownClient, application

ROOT = Path(__file__).parents[3]
TINY, MATSUNO = (ROOT / "topologies" / f"{name}.yaml" for name in ("tiny", "matsuno"))


def description(folder: Path) -> dict[str, Any]:
    """Return what ``/api/openapi.json`` says."""
    guarding = application(TownClient(folder, TINY), hosts=frozenset(), token="x")
    found: dict[str, Any] = guarding._app.openapi()
    return found


def test_every_route_is_documented_and_no_other(tmp_path: Path) -> None:
    """docs/api.md, one line each."""
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(GET|POST) (/api/\S+)`", text, re.M))
    paths = description(tmp_path)["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}

    assert told == found


def test_every_route_wants_the_token_and_says_what_it_refuses(tmp_path: Path) -> None:
    """In the description; tests/live/test_web_api.py tries it."""
    for methods in description(tmp_path)["paths"].values():
        for one in methods.values():
            assert one["security"]
            assert {"401", "404", "409", "413", "421", "503"} <= set(one["responses"])


def test_whoever_asks_for_the_resident_systems_is_told_why_not() -> None:
    """They are among the choices of every port, also where no port could ever be moved there."""
    plan = load(MATSUNO)
    choices = {c["to"]: c for c in looks.choices(plan, PortRef("fl1", 18))}

    assert [reason["requirement"] for reason in choices["m"]["refused"]] == ["MN-07"]
    assert all(choice["refused"] for choice in choices.values())


def test_a_wired_port_has_somewhere_to_go() -> None:
    """And is not offered where it is."""
    plan = load(MATSUNO)
    open_to = {c["to"] for c in looks.choices(plan, PortRef("br2", 6)) if not c["refused"]}

    assert {"tw", "v"} <= open_to
    assert "quarantine" not in open_to  # that is where it is


def test_the_page_is_in_the_wheel() -> None:
    """Everything that the page asks for lies in the package, and it asks for nothing else."""
    page = ROOT / "sekisho" / "web" / "page"
    names = {path.name for path in page.iterdir()}
    wanted = {"index.html", "record.html"}
    for path in page.iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path.name
        assert len(text.splitlines()) <= 300, path.name
        wanted |= set(re.findall(r"(?:from \"\./|src=\"|href=\")([\w.-]+)\"", text))

    assert wanted - {"./"} == names


def test_every_word_of_the_page_is_used() -> None:
    """No string without a use; a use without its string is an error of the page."""
    page = ROOT / "sekisho" / "web" / "page"
    keys = set(re.findall(r'^  "([\w-]+)": \[', (page / "strings.js").read_text("utf-8"), re.M))
    text = "".join(p.read_text("utf-8") for p in page.iterdir() if p.name != "strings.js")
    made = r"^(how|cell|is|do|verdict)-"
    unused = {k for k in keys if f'"{k}"' not in text and not re.match(made, k)}

    assert unused == set()
