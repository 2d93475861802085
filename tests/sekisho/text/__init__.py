"""Tests of `sekisho.text`."""
