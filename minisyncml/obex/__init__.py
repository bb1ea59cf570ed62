"""OBEX without IO: bytes in, requests or answers out. No socket, clock or randomness here, and nothing of SyncML."""
