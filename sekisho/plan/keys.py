"""Every key of the plan language, declared once.

The reader, the JSON Schema and the documentation are drawn from this table; a key that is not
here does not exist. Order is the order of the documentation.
"""

from __future__ import annotations

from sekisho.intent.requirements import REQUIREMENTS
from sekisho.model import DeviceKind, Protection, Role
from sekisho.plan.kinds import Key, Kind, Section

OLDEST_VERSION, LANGUAGE_VERSION = 1, 2

SERVICE_KINDS = (
    "http", "https", "print", "sip", "sips", "dns", "ntp", "syslog", "radius", "smb",
    "dhcp", "smtp", "ssh", "snmp", "ldap", "ike", "media", "openflow", "echo",
)  # fmt: skip
BASES = ("seed", "guideline", "design")
PROTOCOLS = ("tcp", "udp")
ECHO = "icmp"  # of which a service is the echo: it has no ports, and its kind is `echo`
NOTE_KINDS = ("deny", "not_applicable", "planned", "external")

WORD = "[a-z][a-z0-9-]*"
WORD_HINT = "lower-case letters, digits and hyphens, beginning with a letter"
# Linux interface names have at most 15 characters (IFNAMSIZ), and Mininet appends "-eth0".
DEVICE = "[a-z][a-z0-9-]{0,9}"
SWITCH = "[a-z][a-z0-9-]{0,8}"
CLASS = "(?!(all|any)$)[A-Za-z][A-Za-z0-9]*"
CLASS_HINT = "letters and digits, beginning with a letter; not the words all and any"
NUMBERED = "[A-Za-z][A-Za-z0-9.-]*"

_ANY_REFUSED = ("all", "any", "*")
_ANY_REFUSAL = (
    "a plan permits nothing wholesale: name the classes one by one, so that each cell of the "
    "matrix has a reason"
)

_EVERY_REFUSED = ("any", "*", "all")
_EVERY_REFUSAL = "for every class write the word all, without brackets"


def _label(meaning: str, *, required: bool = True) -> Key:
    return Key("label", Kind.LABEL, meaning, required=required)


def _classes() -> tuple[Key, ...]:
    return (
        Key("from", Kind.PARTY, "Source classes, or all but some.", refers="sources",
            section="cell_from", refused=_EVERY_REFUSED, refusal=_EVERY_REFUSAL),
        Key("to", Kind.PARTY, "Destination classes, or all but some.", refers="destinations",
            section="cell_to", refused=_EVERY_REFUSED, refusal=_EVERY_REFUSAL),
    )  # fmt: skip


def _all_but(classes: str, *, required: bool) -> Key:
    return Key("all_but", Kind.NAMES, "Every class but these.", required=required, refers=classes,
               refused=_EVERY_REFUSED, refusal=_EVERY_REFUSAL)  # fmt: skip


def _party(name: str, what: str, classes: str) -> Section:
    """The mapping form of a side of a sentence: facts that must all be true of an attachment."""
    return Section(f"must_drop_{name}", f"must_drop[n].{name}", what, (
        Key("classes", Kind.NAMES, "Classes, any of which it is in.", required=False,
            refers=classes, refused=_EVERY_REFUSED, refusal=_EVERY_REFUSAL),
        _all_but(classes, required=False),
        Key("medium", Kind.CHOICE, "What it stands on.", required=False, default="",
            choices=("air", "cable")),
        Key("protection", Kind.CHOICES, "What the zone protects that it stands in, any of these.",
            required=False, choices=tuple(p.value for p in Protection)),
        Key("zones", Kind.NAMES, "Zones, any of which it stands in.", required=False,
            refers="zones"),
        Key("devices", Kind.NAMES, "Devices, any of which it belongs to.", required=False,
            refers="devices"),
    ))  # fmt: skip


def _registered(name: str, what: str) -> Key:
    return Key(
        name,
        Kind.CHOICE,
        f"{what} that may talk: those of the plan's attachments.",
        choices=("registered",),
    )


ROOT = Section("plan", "plan", "The whole file.", (
    Key("sekisho", Kind.INT, "Version of the plan language.", low=OLDEST_VERSION,
        high=LANGUAGE_VERSION, refusal=f"this Sekisho reads versions {OLDEST_VERSION} to "
        f"{LANGUAGE_VERSION} of the plan language"),
    Key("include", Kind.NAMES, "Other files of the plan, in its own folder or below; from "
        "version 2 on.", required=False, pattern=r"[^/].*\.ya?ml"),
    Key("town", Kind.RECORD, "What the town is called, and which policy it follows.",
        section="town"),
    Key("sites", Kind.RECORDS, "Buildings and outside places.", section="site"),
    Key("zones", Kind.RECORDS, "Network systems (系統).", section="zone"),
    Key("switches", Kind.RECORDS, "Switches; the n-th has OpenFlow datapath id n.",
        section="switch"),
    Key("links", Kind.ENTRIES, "Cables and lines between switches.", required=False,
        section="link", may_be_empty=True),
    Key("airs", Kind.RECORDS, "SSIDs of access points.", required=False, section="air",
        may_be_empty=True),
    Key("hubs", Kind.RECORDS, "Ports that several devices share by cable.", required=False,
        section="hub", may_be_empty=True),
    Key("services", Kind.RECORDS, "Protocols and ports that rules may name.", section="service"),
    Key("sources", Kind.RECORDS, "Source classes: rows of the matrix.", section="source"),
    Key("destinations", Kind.RECORDS, "Destination classes: columns of the matrix.",
        section="destination"),
    Key("devices", Kind.RECORDS, "Everything that is plugged in or on the air.",
        section="device"),
    Key("policy", Kind.ENTRIES, "Numbered rules (通信要件表); what no rule permits is denied.",
        section="clause"),
    Key("cells", Kind.ENTRIES, "Cells of the matrix that are more than plainly denied.",
        required=False, section="cell", may_be_empty=True),
    Key("must_drop", Kind.ENTRIES, "The sentences of page one.", required=False,
        section="must_drop", may_be_empty=True),
    Key("must_reach", Kind.ENTRIES, "The sentences of page one about what work needs.",
        required=False, section="must_reach", may_be_empty=True),
    Key("exceptions", Kind.ENTRIES, "Risks accepted in the open (例外措置).", required=False,
        section="exception", may_be_empty=True),
    Key("relays", Kind.ENTRIES, "Ways through shared devices that are known and permitted.",
        required=False, section="relay", may_be_empty=True),
))  # fmt: skip

LABEL = Section("label", "label", "A name for people, in both languages.", (
    Key("ja", Kind.TEXT, "Japanese name."),
    Key("en", Kind.TEXT, "English name."),
))  # fmt: skip

TOWN = Section("town", "town", "The town.", (
    Key("id", Kind.NAME, "Short name, used in file names.", pattern=WORD),
    _label("Name of the town."),
    Key("profile", Kind.NAME, "Policy profile, e.g. `seed-r4`.", pattern="[a-z][a-z0-9.-]*"),
    Key("edition", Kind.TEXT, "Guideline edition of the profile, e.g. `R4.3`."),
    Key("router_mac", Kind.MAC, "Address that the virtual router answers with, everywhere.",
        required=False, default="02:00:5e:00:00:01"),
))  # fmt: skip

SITE = Section("site", "sites.<id>", "A building, or an outside place.", (
    _label("Name of the site."),
), WORD, WORD_HINT)  # fmt: skip

ZONE = Section("zone", "zones.<id>", "A network system (系統).", (
    _label("Name of the zone."),
    Key("protection", Kind.CHOICE, "What it protects: refusals, warnings and requirements hang on "
        "it.", choices=tuple(p.value for p in Protection), default="", since=2,
        refusal="what each protects is in docs/plan.md, under Closed words"),
    Key("layer", Kind.TEXT, "Letter of the layer in the documents; shown only.",
        required=False, default=""),
    Key("vlan", Kind.INT, "VLAN number in the documents; no two zones share one.",
        low=1, high=4094),
    Key("subnets", Kind.NETWORKS, "The zone's network, or networks, at each site.", refers="sites"),
    Key("gateways", Kind.ADDRESSES, "The gateway of each network at a site; where none is "
        "said, the first host address.", required=False, refers="sites"),
), WORD, WORD_HINT)  # fmt: skip

SWITCH_SECTION = Section("switch", "switches.<id>", "A switch of the fabric.", (
    _label("Name of the switch."),
    Key("site", Kind.NAME, "Where it stands.", refers="sites"),
    Key("role", Kind.CHOICE, "What it is for.", choices=tuple(r.value for r in Role), default="",
        since=2),
    Key("ports", Kind.PORT_NAMES, "How many ports it has, numbered from 1; or what they are "
        "called, each a name or a range: `[Gi1/0/1-48, Te1/1/1-4]`.", low=1, high=1000),
), SWITCH, WORD_HINT + "; at most 9 characters (an interface name has 15)")  # fmt: skip

LINK = Section("link", "links[n]", "A cable or line between two switches.", (
    Key("a", Kind.PORT_REF, "One end.", refers="switches"),
    Key("b", Kind.PORT_REF, "The other end.", refers="switches"),
    Key("mbps", Kind.NUMBER, "Bandwidth in Mbit/s; unlimited when absent.", required=False,
        low=1),
    Key("delay_ms", Kind.NUMBER, "One-way delay in milliseconds.", required=False, default=0),
    Key("loss_percent", Kind.NUMBER, "How many of 100 packets the line loses, each way.",
        required=False, default=0),
    Key("backup", Kind.BOOL, "True for a line that carries only when the main one is down.",
        required=False, default=False),
    _label("Name of the line; `a - b` when absent.", required=False),
))  # fmt: skip

AIR = Section("air", "airs.<id>", "One SSID of one access point.", (
    _label("Name of the SSID for people."),
    Key("ssid", Kind.TEXT, "The SSID."),
    Key("at", Kind.PORT_REF, "Switch port of the access point; all its stations share it.",
        refers="switches"),
), WORD, WORD_HINT)  # fmt: skip

HUB = Section("hub", "hubs.<id>", "A port that several devices share by cable: a small hub, a "
    "telephone with a socket for a PC, a bridge for virtual machines.", (
    _label("Name for people."),
    Key("at", Kind.PORT_REF, "Switch port that its members share.", refers="switches"),
    Key("isolates", Kind.BOOL, "Whether it passes what one member says to another up to the "
        "switch, as a telephone with a voice VLAN or a private VLAN does.", required=False,
        default=False),
), WORD, WORD_HINT)  # fmt: skip

SERVICE = Section("service", "services.<id>", "A protocol with its ports.", (
    _label("Name of the service."),
    Key("protocol", Kind.CHOICE, "Its protocol; of `icmp` it is the echo alone (ping).",
        choices=(*PROTOCOLS, ECHO)),
    Key("ports", Kind.PORTS, "Destination ports, each `443` or `\"8080-8081\"`; `icmp` has none.",
        required=False),
    Key("kind", Kind.CHOICE, "What really answers there.", choices=SERVICE_KINDS),
), WORD, WORD_HINT)  # fmt: skip

SOURCE = Section("source", "sources.<id>", "Who initiates: a row.", (
    _label("Name of the class."),
    Key("medium", Kind.CHOICE, "What its members stand on; one that stands elsewhere is a mistake.",
        required=False, default="", choices=("air", "cable", "both")),
    Key("protection", Kind.CHOICES, "What the zones protect that its members stand in; one that "
        "stands elsewhere is a mistake.", required=False,
        choices=tuple(p.value for p in Protection)),
), CLASS, CLASS_HINT)  # fmt: skip

DESTINATION = Section("destination", "destinations.<id>", "What is reached: a column.", (
    _label("Name of the class."),
), CLASS, CLASS_HINT)  # fmt: skip

DEVICE_SECTION = Section("device", "devices.<id>", "A host.", (
    _label("Name of the device."),
    Key("kind", Kind.CHOICE, "What it is.", choices=tuple(k.value for k in DeviceKind),
        default="", since=2),
    Key("count", Kind.INT, "Writes a series of so many devices: each has the next number behind "
        "this id, and the next port, address and MAC.", required=False, low=2, high=500,
        refusal="one device is no series: take count out; more than 500 are several series"),
    Key("first", Kind.INT, "Number of the first of a series.", required=False, low=0, high=9999,
        default=1),
    Key("services", Kind.NAMES, "Services that it runs, on every interface that does not say its "
        "own.", required=False, refers="services", may_be_empty=True),
    Key("attachments", Kind.RECORDS, "Its network interfaces.", section="attachment"),
), DEVICE, WORD_HINT + "; at most 10 characters (an interface name has 15)")  # fmt: skip

ATTACHMENT = Section("attachment", "devices.<id>.attachments.<name>", "A network interface.", (
    Key("at", Kind.PORT_REF, "Switch port of its cable; this, `air` or `hub`.", required=False,
        refers="switches"),
    Key("air", Kind.NAME, "SSID that it stands in; this, `at` or `hub`.", required=False,
        refers="airs"),
    Key("hub", Kind.NAME, "Shared port that it stands behind; this, `at` or `air`.",
        required=False, refers="hubs"),
    Key("tag", Kind.INT, "VLAN tag that its frames bear between hub and switch; none when absent.",
        required=False, low=1, high=4094),
    Key("zone", Kind.NAME, "Zone that it belongs to.", refers="zones"),
    Key("ip", Kind.ADDRESS, "Its address, in the zone's network at the site of its switch."),
    Key("mac", Kind.MAC, "Its MAC address, unique in the town: `02:10:00:00:00:15`, "
        "`02-10-00-00-00-15` or `0210.0000.0015`."),
    Key("source", Kind.NAME, "Class that it initiates as.", refers="sources"),
    Key("destination", Kind.NAME, "Class that it is reached as.", refers="destinations"),
    Key("services", Kind.NAMES, "Services that its device runs on this one, in place of the "
        "device's; `[]` for none.", required=False, refers="services", may_be_empty=True),
    Key("registered", Kind.BOOL, "False for a device that the town has not admitted (未登録機器).",
        required=False, default=True),
), "[a-z][a-z0-9]*", "lower-case letters and digits, beginning with a letter",
    one_of=("at", "air", "hub"))  # fmt: skip

CLAUSE = Section("clause", "policy[n]", "A numbered rule.", (
    Key("id", Kind.NAME, "Number of the rule, e.g. `A01`.", pattern=NUMBERED),
    Key("purpose", Kind.LABEL, "Why the communication is needed."),
    Key("basis", Kind.CHOICE, "Where the rule comes from.", choices=BASES),
    Key("basis_note", Kind.TEXT, "The sentence or section that it rests on.", required=False,
        default=""),
    Key("until", Kind.TERM, "Its last day, or the moment from which it is over: `2027-03-31`, "
        "`2027-03-31 17:00`, in Japan's time.", required=False),
    Key("hours", Kind.HOURS, "Hours of the day at which it holds, each `08:30-17:15`, or of some "
        "days: `mon-fri 08:30-17:15`, `月-金 08:30-17:15`, `sat 09:00-12:00`; `fri 22:00-05:00` "
        "goes on into the next day. Always when absent.", required=False),
    Key("special", Kind.RECORD, "The six fields of a designated communication (特定通信).",
        required=False, section="special"),
    Key("allow", Kind.ENTRIES, "Permitted directions.", section="allow"),
))  # fmt: skip

SPECIAL = Section("special", "policy[n].special", "A designated communication (特定通信).", (
    _registered("source_mac", "Source MAC addresses"),
    _registered("source_ip", "Source addresses"),
    _registered("destination_mac", "Destination MAC addresses"),
    _registered("destination_ip", "Destination addresses"),
    Key("protocol", Kind.CHOICE, "Transport protocol, that of the rule's services.",
        choices=PROTOCOLS),
    Key("port", Kind.PORTS_OR_ONE, "Destination ports, exactly those of the rule's services."),
    Key("pairs", Kind.INT, "How many pairs of attachments it is for.", required=False, low=1,
        default=1),
), missing_hint="a designated communication (特定通信) limits all six: source and destination "
    "MAC and IP address, protocol and port")  # fmt: skip

ALLOW = Section("allow", "policy[n].allow[n]", "One permitted direction.", (
    Key("from", Kind.NAMES, "Source classes.", refers="sources", refused=_ANY_REFUSED,
        refusal=_ANY_REFUSAL),
    Key("to", Kind.NAME, "Destination class.", refers="destinations", refused=_ANY_REFUSED,
        refusal=_ANY_REFUSAL),
    Key("services", Kind.NAMES, "Services that may be used.", refers="services",
        refused=_ANY_REFUSED, refusal="name the services one by one"),
    Key("only_from", Kind.NAMES, "Attachments (`device.name`, or `device` for all of its own) "
        "that alone may initiate.", required=False, refers="attachments"),
    Key("only_to", Kind.NAMES, "Attachments that alone may be reached.", required=False,
        refers="attachments"),
))  # fmt: skip

CELL = Section("cell", "cells[n]", "A note on cells that no rule allows.", (
    Key("kind", Kind.CHOICE, "What is said about the cells.", choices=NOTE_KINDS,
        refused=("allow",), refusal="cells become allowed by a rule in policy, not by a note"),
    Key("id", Kind.NAME, "Number shown in the cell, or requirement id.", required=False,
        default="", pattern=NUMBERED),
    *_classes(),
    Key("severity", Kind.CHOICE, "Severity of a breach.", required=False, default="",
        choices=("A", "B", "C")),
    Key("edition", Kind.TEXT, "Guideline edition of the requirement.", required=False,
        default=""),
    _label("What the note says."),
    Key("services", Kind.NAMES, "What a planned cell permits once it is opened.", required=False,
        refers="services", refused=_ANY_REFUSED, refusal="name the services one by one"),
    Key("only_from", Kind.NAMES, "Attachments that alone may initiate then.", required=False,
        refers="attachments"),
    Key("only_to", Kind.NAMES, "Attachments that alone may be reached then.", required=False,
        refers="attachments"),
))  # fmt: skip

CELL_FROM = Section("cell_from", "cells[n].from", "Whom a note is not about, of who initiates.", (
    _all_but("sources", required=True),
))  # fmt: skip
CELL_TO = Section("cell_to", "cells[n].to", "Whom a note is not about, of who is reached.", (
    _all_but("destinations", required=True),
))  # fmt: skip

MUST_DROP = Section("must_drop", "must_drop[n]", "A sentence of page one.", (
    Key("number", Kind.INT, "Its number on the page.", low=1, high=999),
    _label("The sentence."),
    Key("from", Kind.PARTY, "Source classes, or facts about who initiates.", refers="sources",
        section="must_drop_from", refused=_EVERY_REFUSED, refusal=_EVERY_REFUSAL),
    Key("to", Kind.PARTY, "Destination classes, or facts about who is reached.",
        refers="destinations", section="must_drop_to", refused=_EVERY_REFUSED,
        refusal=_EVERY_REFUSAL),
    Key("items", Kind.INTS, "Probe items that decide it; all when absent.", required=False,
        low=1, high=999),
    Key("state", Kind.NAME, "State of the town in which it must hold.", required=False,
        default="normal", pattern=WORD),
))  # fmt: skip

MUST_REACH = Section("must_reach", "must_reach[n]", "A need of work, on page one.", (
    Key("number", Kind.INT, "Its number on the page.", low=1, high=999),
    _label("The sentence."),
    Key("from", Kind.PARTY, "Source classes, or facts about who initiates, as in `must_drop`.",
        refers="sources", section="must_drop_from", refused=_EVERY_REFUSED,
        refusal=_EVERY_REFUSAL),
    Key("to", Kind.PARTY, "Destination classes, or facts about who is reached.",
        refers="destinations", section="must_drop_to", refused=_EVERY_REFUSED,
        refusal=_EVERY_REFUSAL),
    Key("services", Kind.NAMES, "Services that each of them opens on each that runs it.",
        refers="services"),
))  # fmt: skip
MUST_DROP_FROM = _party("from", "Facts about who initiates; all of them must hold.", "sources")
MUST_DROP_TO = _party("to", "Facts about who is reached; all of them must hold.", "destinations")

EXCEPTION = Section("exception", "exceptions[n]", "A risk accepted in the open (例外措置).", (
    Key("id", Kind.NAME, "Its number, e.g. `EX-01`.", pattern=NUMBERED),
    _label("The risk."),
    Key("measures", Kind.LABEL, "What is done about it instead."),
    Key("breaks", Kind.CHOICES, "Requirements that it departs from.", required=False,
        choices=tuple(r.id for r in REQUIREMENTS)),
    Key("rules", Kind.NAMES, "Rules, or planned cells, by which it does.", required=False,
        refers="rules"),
))  # fmt: skip

RELAY = Section("relay", "relays[n]", "A way through shared devices that is permitted.", (
    Key("through", Kind.NAMES, "Devices that it leads through.", refers="devices"),
    Key("from", Kind.NAMES, "Source classes whose data may pass.", refers="sources"),
    Key("to", Kind.NAMES, "Destination classes that it may reach; this or `meets`, or both.",
        required=False, refers="destinations"),
    Key("meets", Kind.NAMES, "Source classes that open the devices as well, and may fetch there "
        "what the first have left.", required=False, refers="sources"),
    Key("exception", Kind.NAME, "Standing exception that it is, e.g. `EX-01`.", required=False,
        default="", pattern=NUMBERED),
    _label("Why it is permitted, and what is done about it."),
))  # fmt: skip

SECTIONS = (
    ROOT, LABEL, TOWN, SITE, ZONE, SWITCH_SECTION, LINK, AIR, HUB, SERVICE, SOURCE, DESTINATION,
    DEVICE_SECTION, ATTACHMENT, CLAUSE, SPECIAL, ALLOW, CELL, CELL_FROM, CELL_TO,
    MUST_DROP, MUST_DROP_FROM, MUST_DROP_TO, MUST_REACH, EXCEPTION, RELAY,
)  # fmt: skip
SECTION = {section.name: section for section in SECTIONS}
