"""How interfaces are called inside the hosts: Mininet's own convention."""

from __future__ import annotations

from sekisho.model import Attachment, Device, PortRef

UPLINK = 1  # port of an air that leads to its switch; stations follow


def interface(attachment: Attachment, device: Device) -> str:
    """Return the name of an attachment's interface inside its host, e.g. ``nb-hq-1-eth0``."""
    number = [a.id for a in device.attachments].index(attachment.id)
    return f"{device.id}-eth{number}"


def switch_interface(port: PortRef) -> str:
    """Return the name of a switch's own end of a cable, by Mininet's convention."""
    return f"{port.switch}-eth{port.port}"


def uplink(air: str) -> str:
    """Return the name of an access point's own end of its cable to the switch."""
    return f"{air}-eth{UPLINK}"
