"""Figures: how long, how many, how much, beside what they are compared with."""
