"""Syncs with independent SyncML software. One module drives each peer; `peers/` holds what they need to run."""
