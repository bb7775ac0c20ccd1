"""Which optional parts of the contract a handler's modules use: the worlds that its component has beside `handler`.

A component has no others, because the host does more for components that have them: it opens a store, for example. What
functions will call is not known when they are loaded, so the text of the modules decides.
"""

from __future__ import annotations

import ast

ATTRIBUTES = {"kv": "state"}
"""What the namespace has, and the world that it needs."""

used: set[str] = set()


def note(module: ast.Module) -> None:
    """Called for each module that is loaded."""
    names = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    used.update(world for name, world in ATTRIBUTES.items() if name in names)
