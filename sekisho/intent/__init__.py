"""What a plan promises: its sentences, what requirements deny, and what its rules open."""
