"""What a proof says, in words: the verdict, what it assumes, and each packet with its way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Address

from sekisho.model import Attachment, Label, Plan, PortRef
from sekisho.model.terms import resting
from sekisho.openflow.rules import CONTROLLER, LOCAL, VLAN_PRESENT, Cookie, Rule, drop_point
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, mac_text
from sekisho.proof.fields import ICMP, TCP, UDP
from sekisho.proof.verdict import Difference, Packet, Proof, Wrong
from sekisho.proof.witness import Step, Walk

_VERDICT = Label(
    "全パケットについて: 禁止経路 {forbidden}、届くべきで届かない経路 {missing}、前提 {assumed}"
    "(入口 {sources}、規則 {rules})",
    "for all packets: {forbidden} forbidden paths, {missing} promised paths missing, "
    "{assumed} assumptions (entries {sources}, rules {rules})",
)
_WRONG = {
    Wrong.FORBIDDEN: Label(
        "禁止された通信が {at} に届く(入口 {n})", "what is forbidden arrives at {at} (entries {n})"
    ),
    Wrong.MISSING: Label(
        "許可された通信が {at} に届かない(入口 {n})",
        "what is permitted does not arrive at {at} (entries {n})",
    ),
    Wrong.APART: Label(
        "スイッチごとに接続状態の見え方が違うと、禁止された通信が {at} に届く(入口 {n})",
        "what is forbidden arrives at {at} where the switches' trackers differ (entries {n})",
    ),
    Wrong.RETURNS: Label(
        "パケットが {at} に戻ってくる(入口 {n})", "a packet comes back to {at} (entries {n})"
    ),
}
_MOMENT = Label(
    "期限・時間帯のある許可は {at} の時点で判定(すべて効力あり)",
    "rules with times are judged as of {at}; all hold then",
)
_MOMENT_REST = Label(
    "期限・時間帯のある許可は {at} の時点で判定。効力なし: {rules}",
    "rules with times are judged as of {at}; not in force then: {rules}",
)
_CUT = Label("回線断 {lines}: ", "down {lines}: ")
_CUTS = Label(
    "回線断 {n} 通り(迂回路のある {most} 本まで): 禁止経路 {forbidden}、"
    "届くべきで届かない経路 {missing}",
    "{n} ways to cut up to {most} lines that have a way around: {forbidden} forbidden paths, "
    "{missing} promised paths missing",
)
_ASSUMED = (
    Label(
        "スイッチは表の規則を OpenFlow と Open vSwitch の定めどおりに実行する",
        "A switch does what OpenFlow and Open vSwitch say of the rules in its tables",
    ),
    Label(
        "回線は計画書どおりにつながり、すべて動いていて、パケットを変えない",
        "The lines are as in the plan, all of them work, and none changes a packet",
    ),
    Label(
        "届くはずの通信については、どのスイッチも接続状態を同じに見ていて、ポートの新規接続数の枠が空いている",
        "For what is promised: all switches see a conversation in the same state, and the share of "
        "its port has room",
    ),
    Label(
        "TTL が尽きたパケットを、スイッチはコントローラに知らせない",
        "No switch tells its controller of a packet whose TTL has run out",
    ),
)
_COMPILED = Label(
    "規則は計画書から作ったもので、スイッチから読み出したものではない",
    "The rules are those made from the plan, not read out of switches",
)
_DUMPED = Label(
    "スイッチにあるのは読み出した表だけで、表に出ない規則、複製、ほかのスイッチへの接続はない",
    "A switch holds what was dumped and nothing else: no hidden rule, group, mirror or other port",
)
_SHARED = Label(
    "一つのハブの機器どうしの通信はスイッチを通らないので、証明の外にある({names})",
    "What devices at one hub say to each other passes no switch and is not proved ({names})",
)
_HEAD = Label("前提:", "assumed:")
_CONTROLLER, _HOST = Label("コントローラ", "controller"), Label("スイッチ自身", "its own host")
_STATES = {
    0b00001: Label("新規", "new"),
    0b00010: Label("継続", "established"),
    0b01010: Label("応答", "reply"),
    0b10000: Label("不正", "invalid"),
}
_OTHER = Label("その他", "other")
_FRAGMENT = Label("断片", "fragment")
_TAGGED = Label("タグ", "tag")
_DIES = Label("ここで止まる", "dies here")
_NO_RULE = Label("合う規則がない", "no rule matches")
_TABLE = Label("表 {table} 優先度 {priority}", "table {table} priority {priority}")


_PAST = Label(
    "残存リスク: {name} の先の {who} と {target} の間はスイッチを通らず、規則では止められない",
    "residual: {who} and {target} talk to each other behind {name}, past every switch",
)
_KEPT_BY_HUB = Label(
    "残存リスク: {who} と {target} を分けているのは {name} で、規則ではない(isolates)",
    "residual: {name} keeps {who} and {target} apart (isolates), and no rule does",
)
_KEPT_BY_TAG = Label(
    "残存リスク: {who} と {target} を分けているのは {name} が付けるVLANのタグである",
    "residual: the VLAN tags that {name} sets keep {who} and {target} apart",
)
_KEPT_BY_AIR = Label(
    "残存リスク: 同じSSID({name})の {who} と {target} の間は、無線の側で分けていなければ"
    "スイッチを通らず、規則では止められない",
    "residual: {who} and {target} are on one SSID ({name}): unless the access point keeps them "
    "apart they talk past every switch",
)


def assumptions(plan: Plan, *, are_compiled: bool) -> list[Label]:
    """Return everything that the verdict rests on."""
    out = [*_ASSUMED, _COMPILED if are_compiled else _DUMPED]
    if plan.open_hubs:
        names = " ".join(plan.open_hubs)
        out.append(Label(_SHARED.ja.format(names=names), _SHARED.en.format(names=names)))
    return out


def neighbours(plan: Plan, target: Attachment, others: Iterable[Attachment]) -> list[Label]:
    """Say who of *others* shares a hub or an SSID with *target*: no rule meets what they say."""
    groups: dict[Label, list[str]] = {}
    for other in others:
        if target.air and other.air == target.air and other.device != target.device:
            groups.setdefault(_what_keeps(target, other), []).append(other.id)
    found = list[Label]()
    for said, own in groups.items():
        who = " ".join(sorted(own))
        values = {"name": target.air, "target": target.id, "who": who}
        found.append(Label(said.ja.format(**values), said.en.format(**values)))
    return found


def _what_keeps(target: Attachment, other: Attachment) -> Label:
    """Say what keeps two apart that share a hub or an SSID."""
    if target.tag != other.tag:
        return _KEPT_BY_TAG
    if target.is_beside(other):
        return _PAST
    return _KEPT_BY_HUB if target.on_hub else _KEPT_BY_AIR


def verdict_line(proof: Proof, assumed: int, language: str) -> str:
    """Return the one line that says it all."""
    forbidden = sum(proof.count(w) for w in (Wrong.FORBIDDEN, Wrong.APART, Wrong.RETURNS))
    return _VERDICT.text(language).format(
        forbidden=forbidden,
        missing=proof.count(Wrong.MISSING),
        assumed=assumed,
        sources=proof.sources,
        rules=proof.rules,
    )


def cuts_line(proofs: Collection[Proof], most: int, language: str) -> str:
    """Return the one line about all cases with lines down."""
    missing = sum(proof.count(Wrong.MISSING) for proof in proofs)
    every = sum(each.sources for proof in proofs for each in proof.differences)
    return _CUTS.text(language).format(
        n=len(proofs), most=most, forbidden=every - missing, missing=missing
    )


def cut_words(down: Collection[PortRef], language: str) -> str:
    """Return which lines are down; empty where none is."""
    lines = " ".join(map(str, down))  # ends of the plan's own lines: they have their names
    return _CUT.text(language).format(lines=lines) if down else ""


def assumed_lines(assumed: list[Label], language: str) -> Iterator[str]:
    """Yield the assumptions, numbered."""
    yield _HEAD.text(language)
    for number, label in enumerate(assumed, 1):
        yield f"  {number}. {label.text(language)}"


def difference_lines(
    plan: Plan, difference: Difference, walk: Walk, language: str
) -> Iterator[str]:
    """Yield one difference: what is wrong, the packet, its way, and how to build it."""
    at = place(plan, difference.at, language)
    yield _WRONG[difference.wrong].text(language).format(at=at, n=difference.sources)
    yield f"  {packet_words(plan, difference.packet, language)}"
    yield from way_lines(plan, walk, language)
    yield f"  {scapy(difference.packet)}"


def way_lines(plan: Plan, walk: Walk, language: str) -> Iterator[str]:
    """Yield the way of a packet, switch by switch and rule by rule."""
    for step in walk.steps:
        yield from _step_lines(plan, step, language)


def place(plan: Plan, at: PortRef, language: str) -> str:
    """Return a port with whoever stands there."""
    if at.port in (CONTROLLER, LOCAL):
        word = _CONTROLLER if at.port == CONTROLLER else _HOST
        return f"{at.switch} ({word.text(language)})"
    here = " ".join(a.id for a in plan.attachments if a.at == at)
    return f"{called(plan, at)} ({here or '-'})"


def called(plan: Plan, at: PortRef) -> PortRef:
    """Return a port with the name that the plan gives it."""
    return plan.switch[at.switch].port(at.port)


def packet_words(plan: Plan, packet: Packet, language: str) -> str:
    """Return *packet* in one line: where it enters, addresses, ports, state."""
    sent = packet.sent
    words = [place(plan, packet.source, language), mac_text(sent["eth_src"]), "→"]
    words.append(mac_text(sent["eth_dst"]))
    if sent["vlan_vid"] & VLAN_PRESENT:
        words.append(f"{_TAGGED.text(language)} {sent['vlan_vid'] & ~VLAN_PRESENT}")
    if sent["eth_type"] == ETH_ARP:
        words.append(f"ARP {IPv4Address(sent['arp_spa'])} → {IPv4Address(sent['arp_tpa'])}")
    elif sent["eth_type"] != ETH_IPV4:
        words.append(f"{sent['eth_type']:#06x}")
    else:
        words += _ip_words(packet, language)
    return " ".join(words)


def _ip_words(packet: Packet, language: str) -> Iterator[str]:
    sent = packet.sent
    kind = {TCP: "tcp", UDP: "udp"}.get(sent["ip_proto"])
    ports = (f":{sent['tp_src']}", f":{sent['tp_dst']}") if kind else ("", "")
    yield f"{IPv4Address(sent['ipv4_src'])}{ports[0]} → {IPv4Address(sent['ipv4_dst'])}{ports[1]}"
    other = f"icmp/{sent['tp_src']}" if sent["ip_proto"] == ICMP else f"ip/{sent['ip_proto']}"
    yield kind or other
    if sent["ip_frag"]:
        yield _FRAGMENT.text(language)
    yield _STATES.get(packet.phase, _OTHER).text(language)


def _step_lines(plan: Plan, step: Step, language: str) -> Iterator[str]:
    yield f"  {step.at.switch}" if step.at.port == LOCAL else f"  {called(plan, step.at)}"
    for rule in step.rules:
        where = _TABLE.text(language).format(table=rule.table, priority=rule.priority)
        yield f"    {where} cookie {rule.cookie:#x} {because(plan, rule, step.at.switch)}".rstrip()
    if not step.out:
        word = _DIES if step.rules and step.rules[-1].drops else _NO_RULE
        yield f"    {word.text(language)}"
    for port in step.out:
        yield f"    → {place(plan, PortRef(step.at.switch, port), language)}"


def because(plan: Plan, rule: Rule, switch: str) -> str:
    """Return what a rule is for, with the line of the plan that it comes from."""
    cookie = Cookie.parse(rule.cookie)
    if cookie is None:
        return "?"
    name = cookie.kind.name.lower().replace("_", "-")
    if cookie.kind.is_of_permission and 0 < cookie.a <= len(plan.clauses):
        clause = plan.clauses[cookie.a - 1]
        return f"{name} {clause.id} ({clause.where})"
    if cookie.kind.is_of_attachment and 0 < cookie.b <= len(plan.attachments):
        attachment = plan.attachments[cookie.b - 1]
        return f"{name} {attachment.id} ({attachment.where})"
    point = drop_point(rule.cookie, switch, plan)
    return f"drop {point.reason} {point.key}".strip() if point else name


def scapy(packet: Packet) -> str:
    """Return the packet as Scapy builds it."""
    sent = packet.sent
    out = f"Ether(src='{mac_text(sent['eth_src'])}', dst='{mac_text(sent['eth_dst'])}'"
    kind = sent["eth_type"]
    is_tagged = bool(sent["vlan_vid"] & VLAN_PRESENT)
    out += ", type=0x8100)" if is_tagged else f", type={kind:#06x})"
    if is_tagged:
        vid = sent["vlan_vid"] & ~VLAN_PRESENT
        out += f"/Dot1Q(vlan={vid}, type={kind:#06x})"
    if kind == ETH_ARP:
        return out + (
            f"/ARP(op={sent['arp_op']}, hwsrc='{mac_text(sent['arp_sha'])}', "
            f"psrc='{IPv4Address(sent['arp_spa'])}', hwdst='{mac_text(sent['arp_tha'])}', "
            f"pdst='{IPv4Address(sent['arp_tpa'])}')"
        )
    return out + (_scapy_ip(sent) if kind == ETH_IPV4 else "")


def _scapy_ip(sent: dict[str, int]) -> str:
    out = (
        f"/IP(src='{IPv4Address(sent['ipv4_src'])}', dst='{IPv4Address(sent['ipv4_dst'])}', "
        f"proto={sent['ip_proto']}, ttl={sent['nw_ttl']}"
    )
    out += {1: ", flags='MF'", 3: ", frag=185"}.get(sent["ip_frag"], "") + ")"
    if sent["ip_frag"] & 2:
        return out
    ports = f"sport={sent['tp_src']}, dport={sent['tp_dst']}"
    if sent["ip_proto"] == TCP:
        return f"{out}/TCP({ports}, flags={sent['tcp_flags_nxm']:#x})"
    if sent["ip_proto"] == ICMP:
        return f"{out}/ICMP(type={sent['tp_src']})"
    return f"{out}/UDP({ports})" if sent["ip_proto"] == UDP else out


def moment_lines(plan: Plan, language: str) -> list[str]:
    """Return when rules with times were judged, and which did not hold then; none without such."""
    if plan.moment is None:
        return []
    rest = [clause.id for clause in resting(plan)]
    label = _MOMENT_REST if rest else _MOMENT
    return [label.text(language).format(at=f"{plan.moment:%Y-%m-%d %H:%M}", rules=" ".join(rest))]
