"""Tests of `sekisho.commands`."""
