"""Tests of `scenarios.results`."""
