"""Builds components from handlers in Python. `build.py` is the command line."""
