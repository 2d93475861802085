"""Tests of `scenarios.events`."""
