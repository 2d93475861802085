"""Who may speak to the interface: this machine, with the token, and no other page's script."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from sekisho.text.printable import printable
from sekisho.web.body import mistake

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LONGEST = 64 * 1024  # bytes of a request's body
_POLICY = (
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guarding:
    """ASGI middleware: the Host header (against DNS rebinding), token, size, and headers.

    Args:
        app: What is guarded.
        hosts: ``host:port`` that a browser may have asked for.
        token: What a request to ``/api/`` must carry, as ``Authorization: Bearer TOKEN``.
    """

    def __init__(self, app: Any, hosts: frozenset[str], token: str) -> None:
        self._app, self._hosts, self._token = app, hosts, token.encode()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refusal = self._refusal(scope["path"], headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, 413, f"a request has at most {LONGEST} bytes")
            return
        wrong = mistake(body) if scope["path"].startswith("/api/") else ""
        if wrong:
            await _answer(send, 400, printable(wrong))
            return
        await self._app(scope, _once(body, receive), _with_headers(send))

    def _refusal(self, path: str, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        if headers.get(b"host", b"").decode("latin-1") not in self._hosts:
            return 421, "this name is not served here"
        if not path.startswith("/api/"):
            return None
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given, self._token):
            return 401, "the token is missing or wrong: open the address that was printed"
        return None


async def _body(receive: Receive) -> bytes | None:
    """Read a whole request; None where it is too long."""
    out: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return out
        out += bytes(message.get("body", b""))
        if len(out) > LONGEST:
            return None
        if not message.get("more_body"):
            return out


def _once(body: bytes, receive: Receive) -> Receive:
    """Give *body* first, and then whatever comes: that the other side has gone."""
    given = False

    async def read() -> dict[str, Any]:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return read


def _with_headers(send: Send) -> Send:
    async def wrapped(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await send(message)

    return wrapped


async def _answer(send: Send, status: int, text: str) -> None:
    body = orjson.dumps({"error": text})
    headers = [(b"content-type", b"application/json"), *_HEADERS]
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
