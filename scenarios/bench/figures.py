"""The figures of moved ports: what the benches inside the namespaces say, as tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scenarios.bench.runs import Json, inside
from scenarios.bench.synthetic_plan import hall
from scenarios.bench.table import Figure
from sekisho.errors import LabError

FAUCET = "1.10.12"
_CHANGES, _BATCHES, _RESTARTS, _FAUCETS = 100, 5, 3, 20
_A_FLOOR, _DESKS = 12, 100
_INSTALL_S = 600.0


def floor(out: Path) -> Path:
    """Write the plan of one floor with a dozen desks, and return its path."""
    plan = out / "floor.yaml"
    plan.write_text(hall(_A_FLOOR), encoding="utf-8")
    return plan


def changes(plan: Path, out: Path, others: int) -> list[Figure]:
    """Return the figures of a hundred changes of one port of *plan* while *others* work."""
    words = (str(plan), f"--others={others}")
    found = _found("scenarios.bench.moves", out / f"moves-{plan.stem}", *words, count=_CHANGES)
    rest = found["others"]
    return [
        *_times("call to in force on the wire", found["in_force_ms"], ("<= 20", "<= 100")),
        *_times("call to acknowledgement", found["answered_ms"], ("", "")),
        _one("forbidden frames after it", found["late"], "<= 0"),
        _one("changes whose new role stayed silent", found["silent"], "<= 0"),
        _one("rules touched by a change, at most", found["touched"], "<= 10"),
        _one("other ports", rest["ports"], ""),
        _one("frames/s of each of them", rest["rate"], ">= 950"),
        _one("their frames", rest["sent"], ""),
        _one("of these lost", rest["lost"], "<= 0"),
        _one("of these heard twice", rest["twice"], "<= 0"),
    ]


def batches(out: Path) -> list[Figure]:
    """Return the figures of a hundred ports that are moved together."""
    plan = out / "hall.yaml"
    plan.write_text(hall(_DESKS), encoding="utf-8")
    words = (str(plan), "--what=batch")
    found = _found("scenarios.bench.moves", out / "batch", *words, count=_BATCHES)
    return _times(f"batch of {found['ports']} ports", found["batch_ms"], ("<= 1000", ""))


def restarts(plan: Path, out: Path) -> list[Figure]:
    """Return the figures of a controller that is killed and started again."""
    words = (str(plan), "--what=restart")
    found = _found("scenarios.bench.moves", out / "restart", *words, count=_RESTARTS)
    others = found["others"]
    return [
        _one("frames while the controller is restarted", others["sent"], ""),
        _one("of these lost", others["lost"], "<= 0"),
    ]


def faucet(out: Path) -> str:
    """Return what Faucet needs for the same kind of change, or why that was not measured."""
    program = out / "faucet" / "bin" / "faucet"
    try:
        _install(out / "faucet")
    except (subprocess.SubprocessError, OSError) as error:
        return f"Faucet {FAUCET} cannot be installed here, and was not measured: {error}"
    try:
        words = (f"--faucet={program}",)
        found = _found("scenarios.bench.faucet", out / "by-faucet", *words, count=_FAUCETS)
    except LabError as error:
        return f"Faucet {FAUCET} was not measured: {error}"
    spread, others = found["in_force_ms"], found["others"]
    took = f"{spread['p50']:.0f} ms (median; {spread['min']:.0f}-{spread['max']:.0f})"
    each = found["forbidden"] / found["changes"]
    return (
        f"Faucet {FAUCET}, a port's VLAN changed {found['changes']} times: in force after {took}; "
        f"forbidden frames meanwhile {found['forbidden']} ({each:.0f} a change); others lost "
        f"{others['lost']} of {others['sent']}"
    )


def _install(folder: Path) -> None:
    commands = (
        ["/usr/bin/python3", "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "setuptools<81", "wheel"],
        [str(folder / "bin" / "pip"), "install", "--quiet", f"faucet=={FAUCET}"],
    )
    for words in commands:
        subprocess.run(
            words, check=True, timeout=_INSTALL_S, stdout=sys.stderr, stderr=subprocess.DEVNULL
        )


def _found(module: str, folder: Path, *words: str, count: int) -> Json:
    facts: Json = inside(module, folder, *words, f"--count={count}")["found"]
    return facts


def _times(name: str, spread: Json, targets: tuple[str, str]) -> list[Figure]:
    """Median and 99th percentile in milliseconds, each with its target."""
    out = [Figure(f"{name}, ms", spread["p50"], spread["min"], spread["max"], 1, targets[0])]
    if targets[1] or not targets[0]:
        out.append(
            Figure("  99th percentile", spread["p99"], spread["min"], spread["max"], 1, targets[1])
        )
    return out


def _one(name: str, value: float, target: str) -> Figure:
    return Figure(name, value, value, value, 0, target)
