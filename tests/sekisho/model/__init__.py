"""Tests of `sekisho.model`."""
