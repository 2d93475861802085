"""Tests of `sekisho.evidence`."""
