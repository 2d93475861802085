"""Tests of `sekisho.coverage`."""
