"""Who enforces the plan: a thin shell around `sekisho.compiler.tables`, and the only user of Ryu.

Knows how to speak OpenFlow 1.3 with the switches and how to bring their tables to the wanted
ones. What is wanted is decided in `sekisho`; nothing here reads or judges packets.
"""
