"""What goes on by itself: claim, attempt, conclude, rescue, publish."""
