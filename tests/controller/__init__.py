"""Tests of `controller`."""
