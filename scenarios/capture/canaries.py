"""Frames that the observations must hold; else what they do not hold proves nothing.

Silence at the end of a run is only worth something if an odd copy would have been seen. So, before
it is closed, a run gets a copy that comes too late where it may be, one that comes where it must
not, and a frame that nobody sent. All three must be observed; they are then taken out again.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from scenarios.capture.observations import NOBODY, Late, Observations, Outgoing, Stray
from scenarios.capture.packet_io import Wire
from scenarios.probes.frames import Fields, build, tokens
from sekisho.model import Label, Plan

_MAC = "02:ea:00:00:00:03"  # nobody's: the host's own stack ignores it
_NOWHERE = IPv4Address("192.0.2.3")  # RFC 5737: nobody's address
_EXPERIMENT = 0x88B6  # IEEE 802, 9.2.3: an EtherType for local experiments
_WORDS = {
    "late": Label(
        "遅れて届いたパケットを記録していません", "a copy that came late was not written down"
    ),
    "elsewhere": Label(
        "出るはずのない場所に出たパケットを記録していません",
        "a copy at a wrong place was not written down",
    ),
    "stray": Label(
        "送信者の分からないパケットを記録していません",
        "a frame that nobody sent was not written down",
    ),
}


class Canaries:
    """The canaries of one run.

    Args:
        plan: The town.
        observed: Must tell of them.
        run: The number in every token of the run.
    """

    def __init__(self, plan: Plan, observed: Observations, run: int) -> None:
        self._plan, self._observations, self._run = plan, observed, run
        self._late = self._elsewhere = 0
        self._stray = b""
        self._own: set[bytes] = set()  # an instrument that reads no token takes all for strays

    def send(self, wire: Wire) -> None:
        """Put all three on cables."""
        first, last = 0, len(self._plan.attachments) - 1
        self._late = self._observations.add(Outgoing(0, NOBODY, first, b""))
        self._elsewhere = self._observations.add(Outgoing(0, NOBODY, first, b""))
        self._observations.begin_window()
        late, elsewhere = (self._injected(n) for n in (self._late, self._elsewhere))
        self._stray = build(
            "other",
            [Fields(_MAC, _MAC, _NOWHERE, _NOWHERE, 0, _EXPERIMENT)],
            [b"canary" + self._run.to_bytes(10, "big")],
        )[0]
        self._own = {late, elsewhere, self._stray}
        wire.inject([(first, late), (last, elsewhere), (first, self._stray)])

    def _injected(self, number: int) -> bytes:
        target = self._plan.attachments[0]
        fields = Fields(_MAC, self._plan.router_mac, _NOWHERE, target.ip, 9, 9, 2)
        return build("udp", [fields], tokens(self._run, [number]))[0]

    def taken_out(self) -> list[Label]:
        """Take the canaries out of the observations; return in words which were not there."""
        observed = self._observations
        own = {self._late: False, self._elsewhere: True}
        found: list[Late] = [copy for copy in observed.late if copy.number in own]
        strays: list[Stray] = observed.strays + observed.doubtful
        is_told = any(stray.data == self._stray for stray in strays)
        observed.late[:] = [copy for copy in observed.late if copy.number not in own]
        for kept in (observed.strays, observed.doubtful):
            kept[:] = [stray for stray in kept if stray.data not in self._own]
        told = {(copy.number, copy.is_leak) for copy in found}
        missing = [
            word
            for word, number in (("late", self._late), ("elsewhere", self._elsewhere))
            if (number, own[number]) not in told
        ]
        missing += [] if is_told else ["stray"]
        return [_WORDS[word] for word in missing]
