"""What `plan check` warns of: no mistake, but odd."""
