"""Builds components from handlers in Python. `build.py` is its command."""
