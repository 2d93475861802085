"""Reports: everything that reads a run folder and shows it.

A report knows the run folder (``docs/run-folder.md``) and nothing else: not the plan file, not the
network, not how a case was judged. ``reading`` makes one value of a folder; ``tally`` counts it;
``terminal``, ``html`` and ``junit`` show it; ``writing`` puts the files back into the folder.
"""
