"""From judgements to the files of a run folder."""
