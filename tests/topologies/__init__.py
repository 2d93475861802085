"""Tests of `topologies`."""
