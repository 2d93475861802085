"""Situations: reading them, and what a run makes of them."""
