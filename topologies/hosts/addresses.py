"""Addresses follow the port: what DHCP does in a town, done to its hosts at once.

A device whose port was moved gets the address of its new network, with the routes that belong to
it; one in quarantine is left without. Idempotent: what is right already is not touched.
"""

from __future__ import annotations

import subprocess

from sekisho.errors import LabError
from sekisho.model import Attachment, Plan
from topologies.network.netns import in_netns
from topologies.network.topology import FIRST_TABLE
from topologies.town import Town

_TIMEOUT_S = 10.0


class HostAddresses:
    """Knows which address each attachment of *town* has."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._held = {a.id: a for a in town.plan.attachments}

    def follow(self, plan: Plan) -> list[str]:
        """Give every attachment what *plan* says; return the ids of those that changed.

        Raises:
            LabError: A host refused.
        """
        changed = [a for a in plan.attachments if _lease(self._held[a.id]) != _lease(a)]
        for attachment in changed:
            self._renew(plan, self._held[attachment.id], attachment)
            self._held[attachment.id] = attachment
        return [a.id for a in changed]

    def _renew(self, plan: Plan, old: Attachment, new: Attachment) -> None:
        name, device = self._town.interface(new), plan.device[new.device]
        number = [a.id for a in device.attachments].index(new.id)
        words = [f"addr flush dev {name}"]
        table = FIRST_TABLE + number
        is_legged = len(device.attachments) > 1
        if is_legged and has_address(self._town.plan, old):
            words += [f"rule del from {old.ip} lookup {table}"]
        if has_address(self._town.plan, new):
            network, gateway = plan.subnet(new), plan.gateway(new)
            words += [
                f"addr add {new.ip}/{network.prefixlen} dev {name}",
                f"route replace default via {gateway} dev {name} metric {100 + number}",
            ]
            if is_legged:
                words += [
                    f"route replace {network} dev {name} table {table}",
                    f"route replace default via {gateway} dev {name} table {table}",
                    f"rule add from {new.ip} lookup {table}",
                ]
        words += [f"neigh flush dev {name}"]
        with in_netns(self._town.pid(new)):
            done = subprocess.run(
                ["ip", "-batch", "-"],
                input="\n".join(words) + "\n",
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        if done.returncode or done.stderr.strip():
            raise LabError(f"{new.id} does not take its address: {done.stderr.strip()}")
        intf = self._town.net.get(new.device).nameToIntf[name]
        intf.ip, intf.prefixLen = str(new.ip), plan.subnet(new).prefixlen


def has_address(origin: Plan, attachment: Attachment) -> bool:
    """Tell whether the device has its address: a stranger has set his own, as the plan says."""
    return attachment.registered or attachment == origin.attachment[attachment.id]


def _lease(attachment: Attachment) -> tuple[object, ...]:
    return attachment.ip, attachment.registered
