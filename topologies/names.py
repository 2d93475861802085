"""How interfaces are called inside the hosts: Mininet's own convention."""

from __future__ import annotations

from sekisho.model import Attachment, Device


def interface(attachment: Attachment, device: Device) -> str:
    """Return the name of an attachment's interface inside its host, e.g. ``nb-hq-1-eth0``."""
    number = [a.id for a in device.attachments].index(attachment.id)
    return f"{device.id}-eth{number}"
