"""Tests of `scenarios.attacks`."""
