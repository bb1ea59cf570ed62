"""What a sync means: which changes are due, what becomes of those that arrive. Knows stores and messages, no bytes."""
