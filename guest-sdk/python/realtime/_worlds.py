"""Which optional parts of the contract a handler's modules use: the worlds that its component has beside `handler`.

A component has no others, because the host does more for components that have them: it opens a store, for example.
Schedules are registered when modules are loaded. What functions will call is not known then: for the store, the text of
the modules decides.
"""

from __future__ import annotations

import ast

ATTRIBUTES = {"kv": "state", "schedule": "scheduling"}
"""What the namespace has, and the world that it needs."""

used: set[str] = set()


def note(module: ast.Module) -> None:
    """Called for each module that is loaded."""
    if any(isinstance(node, ast.Attribute) and node.attr == "kv" for node in ast.walk(module)):
        used.add("state")
