"""Tests of `sekisho.packet`."""
