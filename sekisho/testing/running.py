"""A town that runs while tests ask it: one packet at a time, judged as a case of a check is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sekisho.errors import LabError, UsageError
from sekisho.evidence.verdict import Verdict
from sekisho.plan import load
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection

_ANSWER_S = 120.0
_END_S = 30.0
_WORDS = {
    Verdict.PASS: "as the plan says, and proved",
    Verdict.LEAK: "it arrived, and must not",
    Verdict.OVERBLOCK: "it did not arrive, and must",
    Verdict.UNATTRIBUTED: "it was dropped, but not by the rule that must drop it",
    Verdict.INCONCLUSIVE: "inconclusive: some part of the proof is missing",
    Verdict.RESIDUAL: "no network can tell this packet from a right one",
}


class RunningTown:
    """A town that is up.

    Attributes:
        plan: Its plan file.
        folder: Its run folder.
    """

    def __init__(self, plan: Path, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self._sha256 = load(plan).sha256

    def ask(self, source: str, target: str, service: str) -> Mapping[str, Any]:
        """Send the first packet of a conversation, and return what became of it.

        Args:
            source: Attachment that sends, such as ``nb.wired``, or a device with one attachment.
            target: Attachment that is to be reached.
            service: ``tcp/443``, ``udp/53``, ``icmp``, or a service of the plan.

        Returns:
            ``verdict`` and ``reason``; ``expect``: ``arrive`` or ``drop``, by the plan; ``where``:
            the file and line of the plan that decides; ``clause``; ``command``, which builds the
            packet in Scapy; and what the witnesses said: ``sent_seen``, ``seen_at``, ``drop_rule``,
            ``drop_expected``, ``drop_counted``, ``twin``, ``twin_from``.

        Raises:
            UsageError: The plan does not know the words, or was changed meanwhile.
            LabError: The town broke, or does not answer.
        """
        __tracebackhide__ = True
        if load(self.plan).sha256 != self._sha256:
            raise UsageError(f"{self.plan}: was changed after the town was started")
        asked = {"op": "probe", "source": source, "target": target, "service": service}
        try:
            with JsonLineConnection.to(self.folder / SOCKET) as conn:
                answer = conn.ask(asked, _ANSWER_S)
        except OSError as error:
            raise LabError(f"the town does not answer ({error.strerror}): {self.folder}") from error
        if "error" in answer:
            raise (LabError if answer.get("lab") else UsageError)(str(answer["error"]))
        return answer

    def reaches(self, source: str, target: str, service: str) -> None:
        """Fail unless the packet arrives, the plan permits it, and every witness says so.

        Raises:
            AssertionError: Says which of them is not so, and where the plan decides.
        """
        __tracebackhide__ = True
        self._hold("arrive", source, target, service)

    def is_dropped(self, source: str, target: str, service: str) -> None:
        """Fail unless the packet is dropped, by the rule that must drop it, and seen nowhere.

        Raises:
            AssertionError: Says which of them is not so, and where the plan decides.
        """
        __tracebackhide__ = True
        self._hold("drop", source, target, service)

    def _hold(self, wanted: str, source: str, target: str, service: str) -> None:
        __tracebackhide__ = True
        answer = self.ask(source, target, service)
        if answer["expect"] != wanted or answer["verdict"] != Verdict.PASS.value:
            raise AssertionError(account(wanted, f"{source} -> {target} {service}", answer))


def account(wanted: str, what: str, answer: Mapping[str, Any]) -> str:
    """Return in a few lines why a test failed: the plan's word, and what each witness said."""
    plan_says = {"arrive": "permits it", "drop": "drops it"}[answer["expect"]]
    test_says = {"arrive": "reaches", "drop": "is dropped"}[wanted]
    by = f" by {answer['clause']}" if answer["clause"] else ""
    verdict = Verdict(answer["verdict"])
    seen = ", ".join(answer["seen_at"]) or "nowhere on a wrong way"
    lines = [
        f"{what}: the test says that it {test_says}",
        f"  plan     {plan_says}{by}: {answer['where']}",
        f"  verdict  {verdict.value}: {_WORDS.get(verdict, '')}",
        f"  sender   {'saw it leave' if answer['sent_seen'] else 'did not see it leave'}",
        f"  seen     {seen}",
    ]
    if answer["expect"] == "drop":
        counted = f"{answer['drop_counted']} of {answer['drop_expected']} counted"
        lines.append(f"  rule     {answer['drop_rule'] or 'none'}: {counted}")
    if answer["twin_from"]:
        lines.append(f"  twin     from {answer['twin_from']}: {answer['twin']}")
    if answer["reason"]:
        lines.append(f"  reason   {answer['reason']}")
    return "\n".join([*lines, f"  scapy    {answer['command']}"])


@contextmanager
def running(plan: Path, out: Path, *, heals: bool = True) -> Iterator[RunningTown]:
    """Boot the town of *plan* for the time of the block; its run folder is below *out*.

    Args:
        plan: The plan file.
        out: Where run folders go.
        heals: Whether the controller puts tables right that somebody changed.

    Raises:
        LabError: It did not come up; says why.
    """
    words = [sys.executable, "-m", "sekisho.cli", "up", str(plan), "--foreground", "--lang=en"]
    words = ["setpriv", "--pdeathsig=TERM", "--", *words, f"--out={out}"]
    words += [] if heals else ["--no-repair"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        _, is_up, folder = said.strip().rpartition(" is up: ")
        if not is_up:
            raise LabError(
                f"the town of {plan} did not come up\n{process.communicate()[1].strip()}"
            )
        yield RunningTown(plan, Path(folder))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def checked(plan: Path, out: Path) -> Path:
    """Run ``sekisho check`` on *plan*; return its run folder, whatever the verdict.

    Raises:
        LabError: It made no run folder; says why.
    """
    words = [sys.executable, "-m", "sekisho.cli", "check", str(plan), "--quiet", f"--out={out}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if not (out / "latest").exists():
        raise LabError(f"the check of {plan} made no run folder\n{done.stderr.strip()}")
    return (out / "latest").resolve()
