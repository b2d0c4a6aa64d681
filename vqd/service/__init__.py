"""What may be asked of the queue, by whichever door."""
