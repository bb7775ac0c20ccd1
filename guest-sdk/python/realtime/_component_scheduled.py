"""The component's export of its schedules. Runs in components that have some only."""

from __future__ import annotations

from wit_world import exports
from wit_world.imports import types

from . import _snapshot
from ._component import HOST, handled


class Scheduled(exports.Scheduled):
    """The host calls `schedules` once, then `run` in a fresh instance at each of their times."""

    def schedules(self) -> list[types.Schedule]:
        schedules = _snapshot.served()._schedules
        return [types.Schedule(one.name, one.times, one.time_zone) for one in schedules.all]

    def run(self, name: str, due: int) -> None:
        handled(name, lambda: _snapshot.served()._schedules.run(name, due, HOST))
