"""Tests that boot a Linux VM: `make vm-test`."""
