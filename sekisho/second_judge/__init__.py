"""The second judge of tables: the same question as `sekisho.proof`, asked of z3 in bit vectors.

It shares no code with the sets of `sekisho.proof` and imports nothing of them: plan, rules and
their types are all that both know. From the bottom up: `terms` (the one module that knows z3),
`packets` (a packet in variables), `scope` (what is refused), `matching` and `actions` (one switch),
`walk` (all switches), `promises` (the plan), `verdict` (both compared), and `agreement` (two
verdicts compared). `certificate` writes each "nothing forbidden" as a formula with a proof, and
`checker` checks such a proof alone.
"""
