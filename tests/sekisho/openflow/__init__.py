"""Tests of `sekisho.openflow`."""
