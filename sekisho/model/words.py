"""The closed words that safety hangs on: what a zone protects, what a switch and a device are for.

The one definition: a plan names them, every decision asks for them, and whatever shows them takes
its words from here. Letters of layers, ids and labels are shown, and decide nothing.
"""

from __future__ import annotations

from enum import Enum

from sekisho.model.label import Label


class Word(Enum):
    """A member of a closed set, written in a plan as its value.

    Attributes:
        label: What people call it.
        meaning: One English sentence for the documentation.
    """

    label: Label
    meaning: str

    def __new__(cls, value: str, ja: str, en: str, meaning: str) -> Word:
        """Make a member of its value, its two labels and its meaning."""
        word = object.__new__(cls)
        word._value_ = value
        word.label = Label(ja, en)
        word.meaning = meaning
        return word


class Protection(Word):
    """What a zone protects, or what others are protected from in it."""

    RESIDENT = (
        "resident",
        "個人番号利用事務系",
        "resident information",
        "Resident information (個人番号利用事務系): servers, printers and terminals of it alone.",
    )
    LGWAN = (
        "lgwan",
        "LGWAN接続系",
        "LGWAN-connected",
        "Connected to the LGWAN, and the LGWAN itself as the other end of that line.",
    )
    INTERNET = (
        "internet",
        "インターネット接続系",
        "internet-connected",
        "The town's own side of the internet: proxies, mail relays, virtual browsers.",
    )
    OFFICE = (
        "office",
        "業務系",
        "office work",
        "Office work outside of the three above (業務系, 内部情報系): servers and notebooks.",
    )
    SHARED = (
        "shared",
        "共用機器・音声",
        "shared devices, voice",
        "Devices that several systems share: printers, telephones, clock-in readers.",
    )
    MANAGEMENT = (
        "management",
        "管理",
        "management",
        "Controllers, management interfaces of switches, logs, and those who administer them.",
    )
    VENDOR = ("vendor", "保守", "maintenance", "Ports and pools of those who maintain systems.")
    TELEWORK = (
        "telework",
        "テレワーク",
        "telework",
        "The inside of the VPN that terminals outside of the town's buildings come in by.",
    )
    VISITOR = (
        "visitor",
        "来庁者",
        "visitors",
        "Visitors, and infrastructure that serves nobody else.",
    )
    TENANT = (
        "tenant",
        "共同利用の他団体",
        "other tenants",
        "Other bodies in the same cloud or data centre.",
    )
    OUTSIDE = (
        "outside",
        "庁外",
        "outside",
        "The internet, carriers, and whoever else is not the town.",
    )
    QUARANTINE = (
        "quarantine",
        "隔離",
        "quarantine",
        "No network at all: where unregistered devices are put.",
    )


class Role(Word):
    """What a switch is for."""

    ACCESS = (
        "access",
        "フロアスイッチ",
        "access switch",
        "Terminals are plugged in here, and its ports may be moved.",
    )
    DISTRIBUTION = (
        "distribution",
        "集約スイッチ",
        "distribution switch",
        "Joins access switches to a core.",
    )
    CORE = ("core", "基幹スイッチ", "core switch", "Joins the others.")
    SERVER = ("server", "サーバスイッチ", "server switch", "Servers are plugged in here.")
    EDGE = (
        "edge",
        "外部接続",
        "edge",
        "Where a line of somebody else begins: the internet, the LGWAN, a cloud.",
    )


class DeviceKind(Word):
    """What a device is."""

    TERMINAL = ("terminal", "端末", "terminal", "Somebody sits at it: a notebook, a PC, a tablet.")
    TELEPHONE = ("telephone", "電話", "telephone", "A desk telephone, or a smartphone as one.")
    PRINTER = (
        "printer",
        "複合機・プリンタ",
        "printer",
        "Prints or scans; a print server is a server.",
    )
    READER = (
        "reader",
        "打刻・電子錠など",
        "reader",
        "A clock-in reader, a lock, a camera, a sensor.",
    )
    SERVER = ("server", "サーバ", "server", "Offers services to others.")
    GATEWAY = (
        "gateway",
        "中継装置",
        "gateway",
        "Hands over between systems: a sanitiser, a jump host, a proxy, a mail relay, a VPN.",
    )
    ACCESS_POINT = (
        "access_point",
        "無線アクセスポイント",
        "access point",
        "The management interface of an access point; its stations stand in `airs`.",
    )
    SWITCH = (
        "switch",
        "ネットワーク機器",
        "network device",
        "The management interface of switches, routers or firewalls.",
    )
    OTHER = ("other", "その他", "other", "None of these, or nobody knows.")
