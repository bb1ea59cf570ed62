"""Server alerted notifications: what they say, their bytes in both forms, and the ways to push them to a device."""
