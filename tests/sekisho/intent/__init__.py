"""Tests of `sekisho.intent`."""
