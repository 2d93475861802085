"""Tests of `sekisho`."""
