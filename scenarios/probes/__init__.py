"""What is sent: probes, frames, who sends to whom, and the windows of a gate."""
