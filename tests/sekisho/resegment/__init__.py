"""Tests of `sekisho.resegment`."""
