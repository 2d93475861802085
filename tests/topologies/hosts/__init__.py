"""Tests of `topologies.hosts`."""
