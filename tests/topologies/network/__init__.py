"""Tests of `topologies.network`."""
