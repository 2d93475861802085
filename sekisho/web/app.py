"""The interface of a running town, as FastAPI routes; described at ``/api/openapi.json``.

Every answer is what the town's control server says, or a look at its plan. A request that the
guard refuses gets 409 with every reason; one that cannot be understood 422; a town that does not
answer 503.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from sekisho import __version__
from sekisho.errors import LabError
from sekisho.model import JST, Plan
from sekisho.model.terms import in_force
from sekisho.plan import load
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE, ChangeRequest, UndoRequest
from sekisho.resegment.validation import RefusedError, port_of
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection
from sekisho.text.printable import printable
from sekisho.web import looks
from sekisho.web.guarding import Guarding
from sekisho.web.record import record
from sekisho.web.shapes import Fault, Move, Name, Number, Opening, Retest, Trial, Undo, View

PAGE = Path(__file__).parent / "page"
_POLL_S = 0.25
_BEAT_S = 10.0
_RETEST_S = 600.0
_ANSWER_S = 60.0
#: For the description alone: `Guarding` has looked at it before.
_TOKEN = [Depends(HTTPBearer(auto_error=False, description="The token of the printed address"))]
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is not JSON"},
    401: {"description": "No token, or a wrong one"},
    404: {"description": "There is no such thing in this town"},
    409: {"description": "Refused; every reason is given"},
    413: {"description": "The request is too long"},
    421: {"description": "Asked under another name than this machine's"},
    503: {"description": "The town, or its controller, does not answer"},
}


class TownClient:
    """The town of one run folder, as the routes see it."""

    def __init__(self, folder: Path, plan: Path) -> None:
        self.folder = folder
        self._origin = load(plan)
        gc.freeze()  # it stays: the collector would go through it while somebody waits
        self._journal = folder / JOURNAL_FILE
        self._idle = deque[JsonLineConnection]()  # they wait for the next question

    @property
    def plan(self) -> Plan:
        """The plan that is in force."""
        return in_force(self._origin, Journal(self._journal).standing, datetime.now(JST))

    def record(self, number: int) -> dict[str, Any] | None:
        """Return one change with its re-tests, or None where there is no such change."""
        journal = Journal(self._journal)
        change = journal.changes.get(number)
        return record(self._origin, journal, self.folder, change) if change else None

    def ask(self, timeout_s: float = _ANSWER_S, **request: Any) -> Any:
        """Ask the town's control server, and turn its answer into one of HTTP's."""
        try:
            answer = self._asked(request, timeout_s)
        except (OSError, LabError):
            return JSONResponse({"error": "the town does not answer"}, 503)
        if "refusals" in answer:
            return JSONResponse(answer, 409)
        if "error" in answer:
            return JSONResponse(answer, 503 if answer.get("lab") else 404)
        return answer

    def _asked(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Ask over a connection that nobody else uses meanwhile, and keep it if it is sound."""
        try:
            conn = self._idle.pop()
        except IndexError:
            conn = JsonLineConnection.to(self.folder / SOCKET)
        try:
            answer = conn.ask(request, timeout_s)
        except BaseException:
            conn.close()
            raise
        self._idle.append(conn)
        return answer


def standing(town_client: TownClient) -> APIRouter:
    """Return the routes that say how things stand."""
    routes = APIRouter(prefix="/api", responses=_REFUSALS, dependencies=_TOKEN)

    @routes.get("/town", summary="What stands still while ports are moved")
    def town() -> dict[str, Any]:
        return looks.town(town_client.plan)

    @routes.get("/switches", summary="Every switch with every port, as things stand")
    def switches() -> list[dict[str, Any]]:
        return looks.ports(town_client.plan)

    @routes.get("/matrix", summary="Every cell of the matrix, as things stand")
    def cells() -> list[dict[str, Any]]:
        return looks.cells(town_client.plan)

    # A port's name may hold a slash: the longer address comes first.
    @routes.get("/ports/{port:path}/rules", summary="The rules of a port, read from its switch")
    def port_rules(port: Name) -> Any:
        return town_client.ask(op="rules", port=str(port_of(town_client.plan, port)))

    @routes.get("/ports/{port:path}", summary="Where a port may be moved to, and why not elsewhere")
    def port_choices(port: Name) -> dict[str, Any]:
        found = port_of(town_client.plan, port)
        return {"port": str(found), "choices": looks.choices(town_client.plan, found)}

    return routes


def watching(town_client: TownClient) -> APIRouter:
    """Return the routes that say what was changed."""
    routes = APIRouter(prefix="/api", responses=_REFUSALS, dependencies=_TOKEN)

    @routes.get("/changes/{number}", summary="One change: what it meant, and its re-tests")
    def one(number: Number) -> Any:
        found = town_client.record(number)
        return found or JSONResponse({"error": f"change {number}: there is none"}, 404)

    @routes.get("/state", summary="Every change, and whether all tables are in force")
    def state() -> Any:
        return town_client.ask(op="state")

    @routes.get("/events", summary="The state, whenever it changes, as server-sent events")
    def events(request: Request) -> StreamingResponse:
        return StreamingResponse(_events(town_client, request), media_type="text/event-stream")

    return routes


def changing(town_client: TownClient) -> APIRouter:
    """Return the routes that move, try and break something."""
    routes = APIRouter(prefix="/api", responses=_REFUSALS, dependencies=_TOKEN)

    @routes.post("/changes", summary="Move ports, or open a planned permission")
    def change(asked: Move | Opening) -> Any:
        return town_client.ask(**asked.request().to_wire())

    @routes.post("/changes/{number}/undo", summary="Take a change back")
    def undo(number: Number, asked: Undo) -> Any:
        return town_client.ask(**asked.request(number).to_wire())

    @routes.post("/changes/{number}/retest", summary="Try again what a change concerns")
    def retest(number: Number, asked: Retest) -> Any:
        return town_client.ask(_RETEST_S, op="retest", number=number, what=asked.what)

    @routes.post("/connections", summary="Open a real conversation between two devices")
    def trial(asked: Trial) -> Any:
        return town_client.ask(op="try", **asked.model_dump())

    @routes.post("/fetches", summary="What a device sees when it opens another's page")
    def view(asked: View) -> Any:
        return town_client.ask(op="view", **asked.model_dump())

    @routes.get("/faults", summary="What can be broken, and what is")
    def faults() -> Any:
        return town_client.ask(op="faults")

    @routes.post("/faults", summary="Break something, or mend it")
    def fault(asked: Fault) -> Any:
        return town_client.ask(op="fault", **asked.model_dump())

    return routes


def proving(town_client: TownClient) -> APIRouter:
    """Return the routes that prove what a change would bring about, and change nothing."""
    routes = APIRouter(prefix="/api", responses=_REFUSALS, dependencies=_TOKEN)

    @routes.post("/proofs", summary="Prove the tables that a change would bring about")
    def proof(asked: Move | Opening) -> Any:
        return _proved_after(town_client, asked.request())

    @routes.post("/changes/{number}/undo/proof", summary="Prove what taking it back would give")
    def undo_proof(number: Number, asked: Undo) -> Any:
        return _proved_after(town_client, asked.request(number))

    return routes


def _proved_after(town_client: TownClient, request: ChangeRequest | UndoRequest) -> Any:
    """Ask what is proved of the tables after *request*; nothing is changed."""
    return town_client.ask(_RETEST_S, **{**request.to_wire(), "op": "prove"})


async def _events(town_client: TownClient, request: Request) -> AsyncIterator[bytes]:
    """Yield the state when it differs from the last one, and a beat when it long does not."""
    last, quiet_s = b"", 0.0
    while not await request.is_disconnected():
        answer = await asyncio.to_thread(town_client.ask, op="state")
        state = answer if isinstance(answer, dict) else {"lost": True}
        data = orjson.dumps(state)
        if data != last:
            yield b"event: state\ndata: " + data + b"\n\n"
            last, quiet_s = data, 0.0
        elif quiet_s >= _BEAT_S:
            yield b": still here\n\n"
            quiet_s = 0.0
        await asyncio.sleep(_POLL_S)
        quiet_s += _POLL_S


def application(town_client: TownClient, *, hosts: frozenset[str], token: str) -> Guarding:
    """Return the whole thing: interface, description and page, guarded.

    Args:
        town_client: The town.
        hosts: ``host:port`` by which it may be asked for.
        token: What every request to ``/api`` carries.
    """
    app = FastAPI(
        title="Sekisho",
        version=__version__,
        description=__doc__ or "",
        openapi_url="/api/openapi.json",
        docs_url=None,  # it would fetch scripts from the internet
        redoc_url=None,
    )
    routers = (
        standing(town_client),
        watching(town_client),
        changing(town_client),
        proving(town_client),
    )
    for router in routers:
        app.include_router(router)
    described = [r for router in routers for r in router.routes if isinstance(r, Route)]
    for status in (404, 405):
        app.add_exception_handler(status, _elsewhere(described))
    app.add_exception_handler(RefusedError, _unknown)  # the path names no port
    app.add_exception_handler(RequestValidationError, _misunderstood)
    # A route and not a mount: a mount would answer for the interface's paths as well.
    app.router.routes.append(
        Route("/{path:path}", StaticFiles(directory=PAGE, html=True), methods=["GET"])
    )
    return Guarding(app, hosts, token)


def _misunderstood(_request: Request, error: Exception) -> Response:
    """Say in one line what is wrong first, and all of it; what was sent comes back printable."""
    assert isinstance(error, RequestValidationError)
    found = jsonable_encoder(error.errors())
    where = " ".join(str(part) for part in found[0]["loc"])
    what = found[0]["msg"].removeprefix("Value error, ")
    # Not by orjson: it takes no whole number beyond 64 bits, and a request may hold one.
    text = json.dumps({"error": f"{where}: {what}", "detail": found}, ensure_ascii=False)
    return Response(printable(text), 422, media_type="application/json")


def _unknown(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 404)


def _elsewhere(routes: list[Route]) -> Callable[[Request, Exception], JSONResponse]:
    """Return what answers where no route does: 405 with the methods that a path has, or 404."""

    def answer(request: Request, _error: Exception) -> JSONResponse:
        here = [route for route in routes if route.path_regex.match(request.url.path)]
        methods = sorted({method for route in here for method in route.methods or ()})
        if methods:
            allow = {"allow": ", ".join(methods)}
            return JSONResponse({"error": "this path has no such method"}, 405, allow)
        return JSONResponse({"error": "there is nothing here"}, 404)

    return answer
