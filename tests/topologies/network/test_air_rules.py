"""The fixed rules of access points, hubs and hypervisors."""

from __future__ import annotations

from tests.population import town
from topologies.network.topology import air_rules


def test_a_hypervisor_sets_tags_upwards_and_takes_them_off_downwards() -> None:
    """What has a tag already goes up as it is; what has another's comes down to nobody."""
    plan = town("trunk")
    push = "push_vlan:0x8100,set_field:4116->vlan_vid"
    desk, box = plan.attachment["desk.lan"], plan.attachment["box.lan"]
    rules = set(air_rules([desk, box]))

    assert rules == {
        "priority=10,in_port=2,actions=output:1",
        f"priority=15,in_port=2,vlan_tci=0x0000/0x1000,actions={push},output:1",
        f"priority=10,in_port=1,dl_dst={desk.mac},dl_vlan=20,actions=pop_vlan,output:2",
        "priority=10,in_port=3,actions=output:1",
        f"priority=10,in_port=1,dl_dst={box.mac},vlan_tci=0x0000/0x1000,actions=output:3",
    }


def test_an_access_point_carries_every_frame_as_it_is() -> None:
    """Who a station is, is decided at the switch."""
    (station,) = (a for a in town("tiny").attachments if a.air == "staff-air")

    assert list(air_rules([station])) == [
        "priority=10,in_port=2,actions=output:1",
        f"priority=10,in_port=1,dl_dst={station.mac},actions=output:2",
    ]
