"""Whatever stands in a file, the reader answers with a plan or with faults."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sekisho.errors import PlanError
from sekisho.plan import load
from sekisho.plan.keys import SECTIONS

TINY = (Path(__file__).parents[3] / "topologies" / "tiny.yaml").read_text(encoding="utf-8")
YAML = ("&a", "*a", "!!str", "---", "<<:", "?", "４４３", "\t", "[", "{")
PIECES = [*sorted(set(TINY.split())), *YAML]
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
KEYS = st.sampled_from(sorted({key.name for section in SECTIONS for key in section.keys}))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner),
    max_leaves=30,
)


def _read(folder: Path, data: bytes) -> None:
    path = folder / "any.yaml"
    path.write_bytes(data)
    try:
        load(path)
    except PlanError as error:
        assert error.faults
        assert all(fault.file == str(path) and fault.text for fault in error.faults)


@QUICK
@given(st.binary())
def test_any_bytes_are_answered(tmp_path: Path, data: bytes) -> None:
    """No bytes raise anything but faults."""
    _read(tmp_path, data)


@QUICK
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60))
def test_any_pieces_of_yaml_are_answered(tmp_path: Path, pieces: list[str]) -> None:
    """No heap of words raises anything but faults."""
    _read(tmp_path, " ".join(pieces).encode("utf-8", "surrogatepass"))


@QUICK
@given(VALUES)
def test_any_yaml_value_is_answered(tmp_path: Path, value: object) -> None:
    """No well-formed document raises anything but faults."""
    _read(tmp_path, yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass"))


@QUICK
@given(st.data())
def test_a_damaged_plan_is_answered(tmp_path: Path, data: st.DataObject) -> None:
    """A plan with one value replaced, or one line lost, raises nothing but faults."""
    lines = TINY.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    words = lines[number].split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    words[place] = data.draw(st.sampled_from(["", *PIECES]) | st.text(max_size=8))
    lines[number : number + 1] = [" ".join(words)] if data.draw(st.booleans()) else []
    _read(tmp_path, "\n".join(lines).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 9_999])
def test_nesting_without_end_is_answered(tmp_path: Path, text: str) -> None:
    """Depth is refused before it exhausts the interpreter."""
    _read(tmp_path, text.encode())
