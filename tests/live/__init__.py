"""Tests that start a real town in namespaces of its own."""
