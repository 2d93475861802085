"""Tests of the reports, all made from a fake run folder."""
