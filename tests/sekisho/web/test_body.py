"""What the interface reads means one thing to everybody, and what it cannot read it says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.text.printable import UNPRINTABLE
from sekisho.web.app import TownClient, application
from sekisho.web.body import mistake
from sekisho.web.guarding import Guarding
from sekisho.web.shapes import Move, Opening

TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"
HOST, TOKEN = "127.0.0.1:1", "secret"
MOVE = '"ports": ["floor:1"], "to": "visitor"'

ODD = {
    "NaN": f'{{{MOVE}, "until": NaN}}',
    "infinity": f'{{{MOVE}, "until": Infinity}}',
    "minus infinity": f'{{{MOVE}, "until": -Infinity}}',
    "beyond a double": f'{{{MOVE}, "until": 1e999}}',
    "a number of 5,000 digits": f'{{{MOVE}, "until": {"9" * 5_000}}}',
    "half a pair": f'{{{MOVE}, "by": "\\ud800"}}',
    "the other half": f'{{{MOVE}, "by": "\\udfff"}}',
    "half a pair as a key": f'{{{MOVE}, "\\ud800": 1}}',
    "deep lists": "[" * 30_000 + "]" * 30_000,
    "deep objects": '{"a":' * 9_000 + "1" + "}" * 9_000,
    "deep, but not too deep": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "a key twice": f'{{{MOVE}, "to": "quarantine"}}',
    "a key twice, written otherwise": f'{{{MOVE}, "t\\u006f": "quarantine"}}',
    "a comment": f"{{{MOVE} /* now */}}",
    "a comma at the end": f"{{{MOVE},}}",
    "two values": "{} {}",
    "a byte order mark": "\ufeff{}",
    "a raw control character": f'{{{MOVE}, "by": "\x1b[2J"}}',
    "half": '{"ports": ["floor:1"',
    "a nul": "{}\x00",
}


def guarded(folder: Path) -> Guarding:
    """Return the whole interface of a town that does not run."""
    return application(TownClient(folder, TINY), hosts=frozenset({HOST}), token=TOKEN)


def posted(app: Guarding, body: bytes) -> tuple[int, Any]:
    """Post *body* as a change, and return the status and the value that was answered."""
    status, text = answered(app, body)
    return status, json.loads(text)


def answered(app: Guarding, body: bytes, path: str = "/api/changes") -> tuple[int, bytes]:
    """Post *body*, and return the status and the answer's own bytes."""
    sent: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "root_path": "",
        "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2),
        "headers": [(b"host", HOST.encode()), (b"content-type", b"application/json"),
                    (b"authorization", f"Bearer {TOKEN}".encode())],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return asked.pop(0) if asked else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    text = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return sent[0]["status"], text


@pytest.mark.parametrize("name", ODD)
def test_odd_json_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    """Each with 400, and none with a fault of the server."""
    status, answer = posted(guarded(tmp_path), ODD[name].encode("utf-8", "surrogatepass"))

    if name == "deep, but not too deep":  # well made, and not what is asked for
        assert status in (400, 422)
        return
    assert status == 400
    assert list(answer) == ["error"]
    assert answer["error"].startswith("the request is not JSON: ")
    assert answer["error"].isprintable()


@pytest.mark.parametrize(
    "body", [b"\xff", b"\xed\xa0\x80", '{"by": "é"}'.encode("utf-16"), b'{"by": "\xc0\xaf"}']
)
def test_other_encodings_are_refused(body: bytes, tmp_path: Path) -> None:
    """UTF-8 alone, RFC 8259, 8.1; half a surrogate pair is none."""
    status, answer = posted(guarded(tmp_path), body)

    assert (status, list(answer)) == (400, ["error"])


def test_the_key_that_is_there_twice_is_named() -> None:
    """The one reader would take the first, the other the last."""
    assert mistake(ODD["a key twice"].encode()) == (
        "the request is not JSON: key 'to' is there twice"
    )


def test_a_right_request_is_let_in(tmp_path: Path) -> None:
    """Up to the town's control server, which is not there."""
    body = f'{{{MOVE}, "until": 1.8e9, "by": "総務課 𠮷", "reason": "a\\u3042"}}'

    assert mistake(body.encode()) == ""
    assert posted(guarded(tmp_path), body.encode()) == (
        503,
        {"error": "the town does not answer"},
    )


def test_words_that_command_a_terminal_are_refused(tmp_path: Path) -> None:
    """They are JSON, and no words."""
    body = f'{{{MOVE}, "by": "\\u001b[2J"}}'
    status, answer = posted(guarded(tmp_path), body.encode())

    assert status == 422
    assert answer["error"] == ("body Move by: U+001B is no character for one line of text")


@pytest.mark.parametrize("key", ["until", "base_change", "by", "other"])
def test_a_number_beyond_64_bits_is_misunderstood(key: str, tmp_path: Path) -> None:
    """It is JSON, and comes back as it was sent."""
    body = f'{{{MOVE}, "{key}": {"9" * 26}}}'
    status, answer = posted(guarded(tmp_path), body.encode())

    assert status == 422
    assert "error" in answer


def test_what_comes_back_commands_no_terminal(tmp_path: Path) -> None:
    """Not even what is right JSON: characters that turn text around are written out."""
    body = f'{{{MOVE}, "by": "\u202e\x9b", "\u2066": 1}}'
    answer = answered(guarded(tmp_path), body.encode())[1].decode()

    assert UNPRINTABLE.findall(answer) == []
    assert "\\u202e\\u009b" in answer


def test_the_schema_says_the_bounds_of_every_number() -> None:
    """In the words of JSON Schema: those of pydantic (`ge`, `le`) tell a client nothing."""
    for shape in (Move, Opening):
        for name, said in shape.model_json_schema()["properties"].items():
            for kind in said.get("anyOf", [said]):
                if kind.get("type") in ("integer", "number"):
                    assert {"minimum", "maximum"} <= set(kind), name
                    assert not {"ge", "le"} & set(kind), name
