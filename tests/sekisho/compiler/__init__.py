"""Tests of `sekisho.compiler`."""
