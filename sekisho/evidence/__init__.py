"""What a run found: verdicts, cases, and the sealed files of its folder."""
