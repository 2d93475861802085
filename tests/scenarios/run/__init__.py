"""Tests of `scenarios.run`."""
