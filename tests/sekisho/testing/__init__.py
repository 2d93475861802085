"""Tests of `sekisho.testing`."""
