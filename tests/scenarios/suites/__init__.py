"""Tests of `scenarios.suites`."""
