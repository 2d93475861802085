"""What ``prove`` says with ``--judge`` and ``--certificate``: a second judge, proofs for others."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic

from sekisho.commands.screen import Screen
from sekisho.errors import DisagreementError, UsageError
from sekisho.model import Label, Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL
from sekisho.proof.verdict import Cut, Packet, Proof, Tables
from sekisho.proof.witness import Walker
from sekisho.proof.words import called, cut_words, packet_words, place, scapy, way_lines
from sekisho.second_judge.agreement import Agreement, Pair, compared
from sekisho.second_judge.certificate import MANIFEST, certified
from sekisho.second_judge.verdict import Found, judged
from sekisho.text.printable import said

_AGREED = Label(
    "二人目の判定(z3): ポートの組 {pairs} のすべてで一人目と一致(相違のある組 {told}) {s:.1f} 秒",
    "second judge (z3): agrees on all {pairs} pairs of places; {told} of them not as planned "
    "{s:.1f} s",
)
_DIFFER = Label(
    "二つの判定が食い違う: {source} → {at}: {kind}: 一人目 {first}、二人目 {second}",
    "the judges differ on {source} → {at}: {kind}: the first says {first}, the second {second}",
)
_KINDS = {
    "forbidden": Label("禁止された通信が届く", "something forbidden arrives"),
    "missing": Label("許可された通信が届かない", "something permitted does not arrive"),
    "apart": Label(
        "接続状態の見え方が違うと禁止された通信が届く",
        "something forbidden arrives where trackers differ",
    ),
    "returns": Label("パケットが戻ってくる", "a packet comes back"),
}
_YES, _NO = Label("はい", "yes"), Label("いいえ", "no")
_WRITTEN = Label(
    "証明書: 禁止された通信が通らない組 {isolated}/{pairs}、ファイル {files}、検査済み: "
    "{folder} {s:.1f} 秒",
    "certificates: {isolated} of {pairs} pairs that nothing forbidden crosses, {files} files, each "
    "checked: {folder} {s:.1f} s",
)


def refuse_words(args: Namespace) -> None:
    """Refuse words that do not go together, before anything is computed.

    Raises:
        UsageError: They do not.
    """
    folder = args.certificate
    if folder is None:
        return
    said(str(folder), "--certificate")
    if args.lines:
        raise UsageError(
            "--lines and --certificate together are not possible\n"
            "  hint: certificates are of the tables with every line up"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"--certificate {folder}: is not an empty folder\n"
            "  hint: name a folder that is empty, or not there yet"
        )


def compare(
    screen: Screen, plan: Plan, cases: Mapping[Cut, Tables], proofs: Mapping[Cut, Proof]
) -> None:
    """Ask the second judge about every case, and say what it says.

    Raises:
        RefusedError: The tables have a part that it does not model.
        DisagreementError: It does not say the same as the first.
    """
    differing = 0
    for down, tables in cases.items():
        began = monotonic()
        second = judged(plan, tables, down)
        agreement = compared(pairs_of(proofs[down]), second)
        if agreement.is_whole:
            words = _AGREED.text(screen.language).format(
                pairs=second.pairs,
                told=len(set(pairs_of(proofs[down]))),
                s=monotonic() - began,
            )
            screen.say(f"{cut_words(down, screen.language)}{words}")
            continue
        walker = Walker(plan, tables, down)
        for line in disagreement_lines(plan, (proofs[down], agreement), walker, screen.language):
            screen.say(line)
        differing += len(agreement.only_first) + len(agreement.only_second)
    if differing:
        raise DisagreementError(
            f"the two judges differ on {differing} pairs of places: nothing is proved\n"
            "  hint: a fault of the proof; please report"
        )


def pairs_of(proof: Proof) -> list[Pair]:
    """Return the pairs of places that the first judge tells."""
    return [(d.wrong.value, entry, d.at) for d in proof.differences for entry in d.entries]


def disagreement_lines(
    plan: Plan, verdicts: tuple[Proof, Agreement], walker: Walker, language: str
) -> Iterator[str]:
    """Yield each pair that two judges do not say the same of, with both answers and a packet."""
    proof, agreement = verdicts
    for pair in agreement.only_first:
        shown = [d.packet for d in proof.differences if (d.wrong.value, d.at) == (pair[0], pair[2])]
        yield _differ_line(plan, pair, (_YES, _NO), language)
        yield from _packet_lines(plan, shown[0], walker, language)
    for found in agreement.only_second:
        pair = found.kind.value, found.source, found.at
        yield _differ_line(plan, pair, (_NO, _YES), language)
        yield from _packet_lines(plan, _packet(found), walker, language)


def _differ_line(plan: Plan, pair: Pair, answers: tuple[Label, Label], language: str) -> str:
    kind, source, at = pair
    first, second = (answer.text(language) for answer in answers)
    values = {"kind": _KINDS[kind].text(language), "first": first, "second": second}
    return _DIFFER.text(language).format(
        source=_named(plan, source, language), at=place(plan, at, language), **values
    )


def _named(plan: Plan, at: PortRef, language: str) -> str:
    is_own = at.port in (CONTROLLER, LOCAL)
    return place(plan, at, language) if is_own else str(called(plan, at))


def _packet_lines(plan: Plan, packet: Packet, walker: Walker, language: str) -> Iterator[str]:
    yield f"  {packet_words(plan, packet, language)}"
    yield from way_lines(plan, walker.way(packet), language)
    yield f"  {scapy(packet)}"


def _packet(found: Found) -> Packet:
    return Packet(found.source, dict(found.sent), dict(found.now), found.phase, found.has_room)


def certify(screen: Screen, plan: Plan, tables: Tables, folder: Path) -> None:
    """Write and check certificates of every pair of places, and say how many there are."""
    began = monotonic()
    found = certified(plan, tables, folder)
    words = _WRITTEN.text(screen.language).format(
        isolated=sum(each.is_isolated for each in found),
        pairs=len(found),
        files=len({name for each in found for name in (each.cnf, each.proof) if name}),
        folder=folder / MANIFEST,
        s=monotonic() - began,
    )
    screen.say(words)
