"""Tests of `scenarios.mutants`."""
