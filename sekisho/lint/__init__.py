"""What `plan lint` warns of: no mistake, but odd."""
