"""minisyncml"""
