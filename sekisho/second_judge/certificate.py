"""Each "nothing forbidden crosses" of two places as a formula and a proof that others can check.

The formula says that there is a packet which enters by the one and arrives, against the plan, at
the other. z3 turns it into clauses (DIMACS), a SAT solver writes down why no packet satisfies them
(DRUP), and `sekisho.second_judge.checker`, or any checker of DRAT, checks that. What the clauses
say of the tables is not part of the proof.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from sekisho.errors import LabError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL
from sekisho.second_judge.checker import BrokenError, Clause, check
from sekisho.second_judge.scope import Tables
from sekisho.second_judge.terms import clauses, some
from sekisho.second_judge.verdict import Questions

MANIFEST = "manifest.json"
_SOLVER = "cadical195"
_NAME = 20  # digits of a file's SHA-256 that are its name
_CAVEAT = {
    "ja": "証明が示すのは、式を満たすパケットがないことである。"
    "式がスイッチの表と計画書のとおりかどうかは、式を作ったプログラムの責任であり、証明に含まれない。",
    "en": "The certificate shows that the formula is unsatisfiable; that the formula says what the "
    "tables do is the encoder's word (z3's simplification and bit-blasting are part of it).",
}

#: Ports that are certified together as targets.
Places = tuple[PortRef, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """One ordered pair of places.

    Attributes:
        source: The port where packets enter.
        target: Ports where they must not arrive, but as the plan says.
        is_isolated: Whether nothing forbidden crosses; the rest is empty where something does.
        cnf: Name of the file with the formula, and its SHA-256.
        proof: The same of the proof.
        clauses: Of the formula; a single one is empty: simplifying alone has shown it.
        steps: Clauses of the proof that were checked here.
    """

    source: str
    target: tuple[str, ...]
    is_isolated: bool
    cnf: str = ""
    cnf_sha256: str = ""
    proof: str = ""
    proof_sha256: str = ""
    clauses: int = 0
    steps: int = 0


def certified(plan: Plan, tables: Tables, folder: Path) -> list[Certificate]:
    """Write a formula and a proof for every ordered pair of places, and a manifest.

    Each proof is checked as soon as it is written.

    Raises:
        RefusedError: The tables have a part that the second judge does not model.
        LabError: A solver is not installed, or its proof does not hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    questions = Questions(plan, tables)
    found = list(_pairs(plan, questions, folder))
    said = {
        "schema": 1,
        "plan": str(plan.path),
        "plan_sha256": plan.sha256,
        "tables_sha256": _digest(tables),
        "moment": plan.moment.isoformat() if plan.moment else "",
        "caveat": _CAVEAT,
        "check": "python -m sekisho.second_judge.checker CNF PROOF",
        "pairs": [asdict(each) for each in found],
    }
    _write(folder / MANIFEST, json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    return found


def targets(plan: Plan, questions: Questions) -> list[Places]:
    """Return where packets may arrive: each port where somebody stands, and all others together."""
    taken = sorted({a.at for a in plan.attachments})
    rest = tuple(port for port in questions.places if port not in taken)
    return [*((port,) for port in taken), rest]


def _pairs(plan: Plan, questions: Questions, folder: Path) -> Iterator[Certificate]:
    for target in targets(plan, questions):
        crosses = some(questions.forbidden(at, is_named=False) for at in target)
        for source in questions.sources:
            whole = questions.packet.is_possible, questions.enters(source), crosses
            yield _certificate((_names(source), _names(*target)), clauses(whole), folder)


def _certificate(
    names: tuple[tuple[str, ...], tuple[str, ...]], given: Sequence[Clause], folder: Path
) -> Certificate:
    """Write and check one formula and its proof, unless a packet satisfies the formula."""
    proof = _proof(given)
    if proof is None:
        return Certificate(names[0][0], names[1], is_isolated=False)
    texts = dimacs(given), "".join(f"{line}\n" for line in proof)
    try:
        steps = check(*texts)
    except BrokenError as error:
        raise LabError(
            f"the proof of {names[0][0]} → {' '.join(names[1])} does not hold: {error}\n"
            "  hint: a fault of the proof; please report"
        ) from error
    cnf, drup = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    files = f"{cnf[:_NAME]}.cnf", f"{drup[:_NAME]}.drup"
    for name, text in zip(files, texts, strict=True):
        if not (folder / name).exists():  # many pairs have the same, most of all the empty clause
            _write(folder / name, text)
    return Certificate(
        names[0][0], names[1], True, files[0], cnf, files[1], drup, len(given), steps
    )


def dimacs(given: Sequence[Clause]) -> str:
    """Return clauses as a file in DIMACS."""
    variables = max((abs(literal) for clause in given for literal in clause), default=0)
    lines = (" ".join(map(str, (*clause, 0))) for clause in given)
    return "\n".join([f"p cnf {variables} {len(given)}", *lines, ""])


def _proof(given: Sequence[Clause]) -> list[str] | None:
    """Return the lines of a proof that *given* contradict each other; None where they do not.

    Raises:
        LabError: The solver is not installed.
    """
    if () in given:
        return ["0"]
    try:
        solvers = import_module("pysat.solvers")
    except ImportError as error:
        raise LabError(
            f"what writes certificates is not installed: {error}\n"
            "  hint: pip install 'sekisho[judge]'"
        ) from error
    with solvers.Solver(name=_SOLVER, bootstrap_with=given, with_proof=True) as solver:
        if solver.solve():
            return None
        return [str(line) for line in solver.get_proof()]


def _names(*of: PortRef) -> tuple[str, ...]:
    words = {LOCAL: "host", CONTROLLER: "controller"}
    return tuple(f"{at.switch}:{words.get(at.port, at.port)}" for at in of)


def _digest(tables: Tables) -> str:
    """Return a digest of all rules, whatever their order."""
    text = "\n".join(sorted(f"{switch} {r}" for switch, rules in tables.items() for r in rules))
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Write a file under another name, and rename it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
