"""Tests of `topologies.ovs`."""
