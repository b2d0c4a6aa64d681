"""What the whole house speaks of: plain values, no technology."""
