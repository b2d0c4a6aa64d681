"""Job files in; typed specs out, or every fault with its line."""
