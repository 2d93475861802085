"""What is heard: sockets, rings, and every copy put to the frame it belongs to."""
