"""Tests of `sekisho.mutation`."""
