"""Seeded faults: operators on one rule, faults of whole tables and of plans, and their list."""
