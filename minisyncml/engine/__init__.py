"""The SyncML protocol without IO: messages in, events out; commands in, messages out. Knows no store, no socket."""
