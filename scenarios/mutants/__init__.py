"""Planted faults, by level: flow, plan, app, switch, host, instrument.

Each is planted alone into a running town, what should notice is tried, the fault is taken out and
the reversal is proved. What was planted and what became of it is in `mutations.json`.
"""
