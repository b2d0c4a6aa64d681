"""`vqd doctor`: every room's examination of itself, put together as the daemon is."""
