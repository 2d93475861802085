"""The JSON Schema says of a plan's shape what the reader says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sekisho.plan.schema import SCHEMA_FILE, plan_schema, schema_text, write_schema

ROOT = Path(__file__).parents[3]
WRONG = Path(__file__).parent / "wrong"
# Wrong in their shape, and in nothing that only the reader can see (spelling, half-open ranges).
WRONG_SHAPES = (
    "allow-all-to", "allow-any-from", "allow-empty-from", "allow-star-in-list", "allow-to-list",
    "at-and-air", "bad-mac", "bad-port-ref", "basis", "cell-kind-allow",
    "cells-any", "class-called-any", "device-id-too-long", "empty-label", "empty-only-from",
    "full-width-address", "full-width-key", "full-width-number", "full-width-port",
    "full-width-reference", "just-a-word", "label-as-word", "label-one-language",
    "list-for-mapping", "mapping-for-list", "missing-key", "missing-section", "negative-delay",
    "no-services", "no-value", "norway", "not-a-mapping", "number-as-text", "other-version",
    "port-name-wrong",
    "quoted-number", "service-kind", "service-port-twice", "service-protocol",
    "several-shape-faults", "special-any-address", "special-missing-fields",
    "switch-id",
    "unknown-key", "unknown-section", "vlan-out-of-range",
)  # fmt: skip


def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def _document(path: Path) -> object:
    document: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def test_the_schema_is_a_schema() -> None:
    """The schema holds to its own dialect."""
    jsonschema.Draft202012Validator.check_schema(plan_schema())


def test_the_schema_file_is_up_to_date() -> None:
    """``python -m sekisho.plan.schema`` has been run since the keys last changed."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_written_whole(tmp_path: Path) -> None:
    """Writing leaves the schema and nothing else."""
    write_schema(tmp_path / "plan.schema.json")

    assert [path.name for path in tmp_path.iterdir()] == ["plan.schema.json"]
    assert (tmp_path / "plan.schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted((ROOT / "topologies").glob("*.yaml")), ids=lambda p: p.name)
def test_the_schema_takes_the_plans(path: Path) -> None:
    """Every plan that is delivered has the right shape."""
    assert list(_validator().iter_errors(_document(path))) == []


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_the_schema_refuses_a_wrong_shape(name: str) -> None:
    """What the reader refuses for its shape, an editor marks as well."""
    assert list(_validator().iter_errors(_document(WRONG / f"{name}.yaml"))) != []
