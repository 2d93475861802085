"""Tests of `sekisho.vm`."""
