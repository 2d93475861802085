"""Situations: somebody tries something in a state of the town, as a readable file."""
