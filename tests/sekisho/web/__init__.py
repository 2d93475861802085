"""Tests of `sekisho.web`."""
