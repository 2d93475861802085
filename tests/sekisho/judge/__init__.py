"""Tests of `sekisho.judge`."""
