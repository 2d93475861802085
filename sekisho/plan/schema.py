"""The table of keys as a JSON Schema, for editors that check a plan while it is being written.

The schema knows shapes only: references and the rules of a town stay with the loader.
``python -m sekisho.plan.schema`` writes ``plan.schema.json`` anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from sekisho.plan.keys import LANGUAGE_VERSION, NUMBERED, SECTION, WORD
from sekisho.plan.kinds import Key, Kind, Section
from sekisho.plan.record import ALL
from sekisho.plan.scalars import PORT_NAME
from sekisho.plan.times import HOURS

Schema = dict[str, object]

SCHEMA_FILE = Path(__file__).with_name("plan.schema.json")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PORT: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": "^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$"},
    ]
}
_NETWORK = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"
_HOURS = f"^{HOURS}$"
_PATTERNS = {
    Kind.MAC: r"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$|^[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}$",
    Kind.ADDRESS: r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$",
    Kind.PORT_REF: f"^[^:]+:([1-9][0-9]{{0,3}}|(?![0-9]*$){PORT_NAME})$",
    Kind.TEXT: r"\S",
    Kind.TERM: "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2})?$",
}


def plan_schema() -> Schema:
    """Return the JSON Schema of a plan file."""
    definitions = {name: _section(section) for name, section in SECTION.items() if name != "plan"}
    return {
        "$schema": _DIALECT,
        "title": "A plan of Sekisho",
        **_section(SECTION["plan"]),
        "allOf": [_newest()],
        "$defs": definitions,
    }


def _newest() -> Schema:
    """Return what a plan of the newest version is held to beyond those of the earlier ones."""
    later = {
        key.name: {"additionalProperties": _held(SECTION[key.section])}
        for key in SECTION["plan"].keys
        if key.kind is Kind.RECORDS and any(own.since > 1 for own in SECTION[key.section].keys)
    }
    says = {"properties": {"sekisho": {"const": LANGUAGE_VERSION}}}
    return {"if": says, "then": {"properties": later}}


def _held(section: Section) -> Schema:
    later = [key for key in section.keys if key.since > 1]
    return {
        "properties": {key.name: _value(key) for key in later},
        "required": [key.name for key in later if key.required],
    }


def schema_text() -> str:
    """Return the schema as the text of ``plan.schema.json``."""
    return json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"


def _section(section: Section) -> Schema:
    schema: Schema = {
        "description": section.meaning,
        "type": "object",
        "properties": {key.name: _key(key) for key in section.keys},
        "required": [key.name for key in section.keys if key.required and key.since == 1],
        "additionalProperties": False,
    }
    if section.one_of:
        schema["oneOf"] = [{"required": [name]} for name in section.one_of]
    return schema


def _key(key: Key) -> Schema:
    told = {"type": "string"} if key.since > 1 else _value(key)
    described: Schema = {"description": key.meaning, **told}
    if key.default is not None and key.since == 1:
        described["default"] = key.default
    return described


def _value(key: Key) -> Schema:
    at_least = 0 if key.may_be_empty else 1
    match key.kind:
        case Kind.RECORD:
            return _reference(key.section)
        case Kind.LABEL:
            return _reference("label")
        case Kind.RECORDS:
            pattern = _whole(SECTION[key.section].id_pattern)
            return _mapping(pattern, _reference(key.section), at_least=at_least)
        case Kind.NETWORKS:
            return _mapping(_whole(WORD), _one_or_several(_NETWORK), at_least=1)
        case Kind.ADDRESSES:
            return _mapping(_whole(WORD), _one_or_several(_PATTERNS[Kind.ADDRESS]), at_least=1)
        case Kind.ENTRIES:
            return {"type": "array", "items": _reference(key.section), "minItems": at_least}
        case Kind.PORTS:
            return _list(_PORT, at_least=1)
        case Kind.PORTS_OR_ONE:
            return {"anyOf": [_PORT, _list(_PORT, at_least=1)]}
        case Kind.NAMES:
            return _list(_name(key), at_least=at_least)
        case Kind.NAMES_OR_ALL:
            return {"anyOf": [{"const": ALL}, _list(_name(key), at_least=1)]}
        case Kind.PARTY:
            listed = _list(_name(key), at_least=1)
            return {"anyOf": [{"const": ALL}, listed, _reference(key.section)]}
        case Kind.CHOICES:
            word: Schema = {"enum": list(key.choices)}
            return {"anyOf": [word, _list(word, at_least=1)]}
        case Kind.PORT_NAMES:
            name: Schema = {"type": ["string", "integer"], "pattern": f"^{PORT_NAME}$"}
            return {"anyOf": [_integer(key), _list(name, at_least=1)]}
        case Kind.HOURS:
            return _list({"type": "string", "pattern": _HOURS}, at_least=1)
        case Kind.INTS:
            return _list(_integer(key), at_least=1)
    return _scalar(key)


def _scalar(key: Key) -> Schema:
    match key.kind:
        case Kind.NAME:
            return _name(key)
        case Kind.CHOICE:
            return {"enum": list(key.choices)}
        case Kind.INT:
            return _integer(key)
        case Kind.NUMBER:
            return {"type": "number", "minimum": key.low}
        case Kind.BOOL:
            return {"type": "boolean"}
    return {"type": "string", "pattern": _PATTERNS[key.kind]}


def _name(key: Key) -> Schema:
    schema: Schema = {"type": "string", "pattern": _whole(key.pattern or NUMBERED)}
    return {**schema, "not": {"enum": list(key.refused)}} if key.refused else schema


def _integer(key: Key) -> Schema:
    bounds = {"minimum": key.low, "maximum": key.high}
    return {"type": "integer", **{k: v for k, v in bounds.items() if v is not None}}


def _list(items: Schema, *, at_least: int) -> Schema:
    return {"type": "array", "items": items, "minItems": at_least, "uniqueItems": True}


def _mapping(pattern: str, value: Schema, *, at_least: int) -> Schema:
    return {
        "type": "object",
        "patternProperties": {pattern: value},
        "additionalProperties": False,
        "minProperties": at_least,
    }


def _one_or_several(pattern: str) -> Schema:
    one: Schema = {"type": "string", "pattern": pattern}
    return {"anyOf": [one, _list(one, at_least=1)]}


def _reference(section: str) -> Schema:
    return {"$ref": f"#/$defs/{section}"}


def _whole(pattern: str) -> str:
    return f"^{pattern}$"


def write_schema(path: Path = SCHEMA_FILE) -> None:
    """Write the schema to *path*, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(schema_text(), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    write_schema()
