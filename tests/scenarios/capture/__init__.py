"""Tests of what captures expect."""
