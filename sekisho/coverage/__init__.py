"""Which rules a run has met, and why it met no others."""
