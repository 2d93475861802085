"""First witness: what the plan means. It has not seen the tables."""
