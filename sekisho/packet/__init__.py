"""A packet as a value, and its bytes read strictly."""
