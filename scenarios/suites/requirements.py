"""What the shipped situations answer for: the requirements, and why some have no situation.

Knows ids and words; no plan, no probe and no situation. A test holds that each requirement has
either a situation that names it or a reason here, and never both. Denials of the shipped plans go
by the same ids; plans and situations of others may have ids of their own.
"""

from __future__ import annotations

#: What each requirement asks of a network.
ASKED = {
    "MN-01": "the resident systems talk to no other domain",
    "MN-02": "a designated communication passes with its own MAC, IP address, protocol and port",
    "MN-03": "the resident systems never reach the internet",
    "MN-04": "who may reach the resident systems is no relay to the internet",
    "MN-05": "nobody opens the resident systems without two factors, above all where none answers",
    "MN-06": "nothing is carried out of the resident systems by USB",
    "MN-07": "no Wi-Fi reaches the resident systems",
    "MN-08": "Wi-Fi reaches the resident systems by certificate, from an SSID of its own (R7.3)",
    "MN-09": "the resident systems are seen by screen transfer alone (R7.3)",
    "LG-01": "the LGWAN-connected side and the internet side are separated",
    "LG-02": "data enters the LGWAN-connected side through a sanitiser alone",
    "LG-03": "mail enters the LGWAN-connected side from relay to relay alone",
    "LG-04": "screen transfer goes one way, by one port",
    "LG-05": "terminals of the LGWAN-connected side reach listed clouds directly, and no others",
    "IN-01": "the internet is used through the gathered exit alone",
    "IN-02": "the internet begins nothing inside",
    "B4-01": "the office systems go out to listed places alone",
    "B4-02": "the office systems are no corridor",
    "FX-01": "the file hand-over gateway forwards nothing from leg to leg",
    "FX-02": "the file hand-over gateway begins nothing",
    "WL-01": "a station that was not admitted gets nothing",
    "WL-02": "an SSID is bound to its network; a tag from the air is dropped",
    "WL-03": "wireless stations do not talk to each other",
    "WL-04": "a visitor reaches nothing inside",
    "WL-05": "an unregistered device is quarantined",
    "TW-01": "telework never reaches the resident systems",
    "TW-02": "telework reaches the LGWAN-connected side by screen transfer alone",
    "TW-03": "no data channel leads home",
    "TW-04": "a telework terminal is no bridge from the internet into the tunnel",
    "WC-01": "web conferences are held from staff terminals alone",
    "CL-01": "the town and the other tenants of its cloud never reach each other",
    "CL-02": "the way to the municipal cloud is a closed line",
    "CL-03": "of the government cloud, the resident systems reach the town's own account alone",
    "PR-01": "a job prints at every site",
    "PR-02": "a printer is a dead end",
    "PR-03": "no terminal reaches a printer directly",
    "PR-04": "the resident print queue is hidden",
    "PH-01": "telephones speak to their exchange",
    "PH-02": "telephones do not speak to each other directly",
    "PH-03": "the voice network is no stepping stone",
    "PH-04": "18 calls with the outside at once are put through, and the 19th is refused",
    "MG-01": "nobody but the administration reaches controller and switches",
    "MG-02": "a vendor reaches the jump host alone, while the ticket lasts",
    "RT-01": "what is meant, what the switches hold and what the wire shows is the same",
    "RT-02": "every denial holds with a dead controller",
    "RT-03": "what was permitted before a move is dead after it",
    "RT-04": "no broadcast or claim of one network is seen in another",
    "RT-05": "no IPv6 leaves any network",
    "RT-06": "a notebook on the wire and on Wi-Fi at once gains nothing",
    "LOG-01": "whatever a grave denial drops is logged, with time, port and addresses",
}

#: Why no shipped situation tries it.
UNTRIED = {
    "MN-05": "outside this model: a plan gives ports to devices and nobody signs in, so no sign-in "
    "can fail; needs 802.1X and the terminals' own sign-in",
    "MN-06": "outside the network (対象外: 端末管理): a measure of the terminals, checked there",
    "MN-08": "a plan of another profile: the shipped ones deny all Wi-Fi (MN-07), and to tell a "
    "certificate needs 802.1X",
    "MN-09": "a plan of another profile: in the shipped ones no screen transfer leads to the "
    "resident systems; how one is tried shows `screen-transfer`",
    "LG-05": "a plan of another profile: `alpha` has the way to listed clouds as planned (N20) and "
    "denies all of it today, which `internet-direct` tries",
    "CL-03": "no shipped plan has a government cloud; `matsuno` has a municipal one (CL-01, CL-02)",
    "PH-04": "outside the network: the exchange counts the calls, not a switch; ports and media "
    "are tried by `telephones`",
    "LOG-01": "nobody's packet: a drop is counted by its rule and in a run's evidence, not written "
    "to a log line by line; to be checked on the town's own equipment",
}
