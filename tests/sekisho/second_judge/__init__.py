"""Tests of the second judge of tables."""
