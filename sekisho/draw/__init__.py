"""A plan as diagrams and as tables in a terminal."""
