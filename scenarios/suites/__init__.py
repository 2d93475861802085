"""What one run tries: attack cases, conversations, scenarios, selections."""
