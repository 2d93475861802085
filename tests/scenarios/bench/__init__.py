"""Tests of `scenarios.bench`."""
