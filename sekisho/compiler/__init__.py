"""Second witness: from a plan to flow tables. It has not seen the policy."""
