"""The nouns of a town, as values: what a plan file says once it has been read.

Nothing here knows YAML, OpenFlow or Mininet. Every value is immutable and hashable; collections
are tuples in the order of the plan file, so the same plan always gives the same bytes out.
"""

from sekisho.model.label import Label
from sekisho.model.network import (
    ECHO,
    Air,
    Attachment,
    Device,
    Link,
    PortRange,
    PortRef,
    Protocol,
    Service,
    Site,
    Switch,
    Zone,
)
from sekisho.model.plan import Plan
from sekisho.model.rulebook import (
    Allow,
    Basis,
    CellKind,
    CellNote,
    Clause,
    DestinationClass,
    Facts,
    MustDrop,
    MustReach,
    Relay,
    SourceClass,
    Special,
    StandingException,
)
from sekisho.model.times import (
    FIRST_YEAR,
    JST,
    LAST_YEAR,
    WEEKDAYS,
    WEEKDAYS_JA,
    Hours,
    Term,
    spoken_hours,
)
from sekisho.model.words import DeviceKind, Protection, Role, Word

__all__ = [
    "ECHO",
    "FIRST_YEAR",
    "JST",
    "LAST_YEAR",
    "WEEKDAYS",
    "WEEKDAYS_JA",
    "Air",
    "Allow",
    "Attachment",
    "Basis",
    "CellKind",
    "CellNote",
    "Clause",
    "DestinationClass",
    "Device",
    "DeviceKind",
    "Facts",
    "Hours",
    "Label",
    "Link",
    "MustDrop",
    "MustReach",
    "Plan",
    "PortRange",
    "PortRef",
    "Protection",
    "Protocol",
    "Relay",
    "Role",
    "Service",
    "Site",
    "SourceClass",
    "Special",
    "StandingException",
    "Switch",
    "Term",
    "Word",
    "Zone",
    "spoken_hours",
]
