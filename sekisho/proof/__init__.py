"""For all packets: what the tables of all switches let through, exactly, against the plan.

Sets of packets are decision diagrams. `engine` is the one module that knows their library; from
there up: `fields` (which bit stands for what), `entries` (what is refused), `tables` (rules into
predicates), `actions`, `flood` (across all switches), `meaning` (the plan, read apart from the
compiler), `verdict` (both compared) and `witness` (the packet that shows a difference).
"""
