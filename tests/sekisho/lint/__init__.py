"""Tests of `sekisho.lint`."""
