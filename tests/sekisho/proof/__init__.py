"""Tests of the proof over all packets."""
