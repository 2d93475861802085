"""One window after another: send, hear, count; the fabric watched meanwhile."""
