"""Tests of `sekisho.runtime`."""
