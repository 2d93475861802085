"""Tests of `scenarios.probes`."""
