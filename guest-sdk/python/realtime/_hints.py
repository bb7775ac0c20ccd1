"""Converts type hints to checks of JSON values.

A hint that `check_for` does not know cannot come from JSON, and is an error when the component is built.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], Any]
"""Returns the value, converted if the hint asks for it; raises `Mismatch`."""

_WORDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    bytes: "binary data",
    list: "an array",
    dict: "an object",
}
_ARRAYS = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_WRAPPERS = tuple(getattr(typing, name) for name in ("Required", "NotRequired", "ReadOnly") if hasattr(typing, name))
_BYTES = (bytes, collections.abc.Buffer) if hasattr(collections.abc, "Buffer") else (bytes,)


class Mismatch(Exception):
    """A value does not fit a hint. The text is the value's path and the reason: `.name: expected …`."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        self.path = path

    def within(self, path: str) -> Mismatch:
        return Mismatch(self.reason, path + self.path)


def check_for(hint: Any, where: str) -> Check | None:
    """The check of a hint; `None` if every value fits. Raises `TypeError` for a type that JSON cannot become."""
    if typing.get_origin(hint) is typing.Annotated:
        return check_for(hint.__origin__, where)
    if isinstance(hint, typing.NewType):
        return check_for(hint.__supertype__, where)
    if hasattr(hint, "__value__"):
        return check_for(hint.__value__, where)
    if hint in (Any, object) or isinstance(hint, typing.TypeVar):
        return None
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union([check_for(arg, where) for arg in args], hint)
    if origin is typing.Literal:
        return _one_of(args)
    if origin in _ARRAYS:
        return _array(check_for(args[0], where) if args else None)
    if origin is tuple:
        return _tuple(args, where)
    if origin in _OBJECTS:
        return _object(check_for(args[1], where) if args else None)
    if origin in (None, type(None)):
        return _instance(type(None), "null")
    if isinstance(origin, type):
        return _class(origin, where)
    raise _impossible(hint, where)


def _class(cls: type, where: str) -> Check:
    if cls is float:
        return _float
    if cls is int:
        return _int
    if cls in _BYTES:
        return _instance(bytes, "binary data")
    if cls in (str, bool):
        return _instance(cls, _WORDS[cls])
    if typing.is_typeddict(cls) or dataclasses.is_dataclass(cls):
        return _structure(cls, where)
    if issubclass(cls, enum.Enum):
        return _enum(cls)
    raise _impossible(cls, where)


def _impossible(hint: Any, where: str) -> TypeError:
    name = getattr(hint, "__qualname__", None) or str(hint)
    return TypeError(
        f"{where}: a client's data cannot become `{name}`; use the types of JSON, `bytes`, a dataclass or a TypedDict"
    )


def expected(what: str, value: Any) -> Mismatch:
    return Mismatch(f"expected {what}, found {_WORDS.get(type(value), type(value).__name__)}")


def _instance(cls: type, what: str) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not cls:
            raise expected(what, value)
        return value

    return check


def _int(value: Any) -> Any:
    if type(value) is int:
        return value
    if type(value) is float:
        # Some clients send 1.0 for 1.
        if value.is_integer():
            return int(value)
        raise Mismatch(f"expected a whole number, found {value}")
    raise expected("a whole number", value)


def _float(value: Any) -> Any:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Mismatch("expected a number, found one that is too large") from None
    raise expected("a number", value)


def _union(checks: list[Check | None], hint: Any) -> Check | None:
    if None in checks:
        return None

    def check(value: Any) -> Any:
        mismatches = []
        for member in checks:
            try:
                return member(value) if member is not None else value
            except Mismatch as mismatch:
                mismatches.append(mismatch)
        # The mismatch with the longest path tells most: for `X | None`, it says what is wrong with the X.
        deepest = max(mismatches, key=lambda mismatch: len(mismatch.path))
        raise deepest if deepest.path else expected(f"`{hint}`", value)

    return check


def _one_of(values: tuple[Any, ...]) -> Check:
    def check(value: Any) -> Any:
        for known in values:
            if type(known) is type(value) and known == value:
                return value
        raise Mismatch(f"expected one of {', '.join(map(repr, values))}")

    return check


def _enum(cls: type[enum.Enum]) -> Check:
    def check(value: Any) -> Any:
        try:
            return cls(value)
        except ValueError:
            raise Mismatch(f"expected one of {', '.join(repr(member.value) for member in cls)}") from None

    return check


def _array(element: Check | None) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not list:
            raise expected("an array", value)
        return value if element is None else [_at(element, index, item) for index, item in enumerate(value)]

    return check


def _tuple(args: tuple[Any, ...], where: str) -> Check:
    if len(args) == 2 and args[1] is Ellipsis or not args:
        array = _array(check_for(args[0], where) if args else None)
        return lambda value: tuple(array(value))
    elements = [check_for(arg, where) for arg in args]

    def check(value: Any) -> Any:
        if type(value) is not list:
            raise expected("an array", value)
        if len(value) != len(elements):
            raise Mismatch(f"expected {len(elements)} elements, found {len(value)}")
        pairs = enumerate(zip(elements, value, strict=True))
        return tuple(_at(element, index, item) for index, (element, item) in pairs)

    return check


def _at(check: Check | None, key: int | str, value: Any) -> Any:
    if check is None:
        return value
    try:
        return check(value)
    except Mismatch as mismatch:
        raise mismatch.within(f".{key}" if isinstance(key, str) else f"[{key}]") from None


def _object(element: Check | None) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise expected("an object", value)
        return value if element is None else {key: _at(element, key, item) for key, item in value.items()}

    return check


_structures: dict[type, Check] = {}
_results: dict[tuple[type, int], Any] = {}
"""Values or mismatches of objects that were checked since `forget`, by the objects' ids."""


def forget() -> None:
    """Called before the arguments of a handler are checked, which live as long as the results are used."""
    _results.clear()


def _once(cls: type, check: Check) -> Check:
    """Checks each object once. A union tries its members in turn: in nested objects each level would do so anew, and
    take time that doubles with each."""

    def once(value: Any) -> Any:
        key = (cls, id(value))
        if key not in _results:
            try:
                _results[key] = check(value)
            except Mismatch as mismatch:
                _results[key] = mismatch
        result = _results[key]
        if isinstance(result, Mismatch):
            raise result.with_traceback(None)
        return result

    return once


def _structure(cls: type, where: str) -> Check:
    if cls not in _structures:
        # The class may contain itself, such as a node of a tree.
        _structures[cls] = lambda value: _structures[cls](value)
        try:
            _structures[cls] = _once(cls, (_typed_dict if typing.is_typeddict(cls) else _dataclass)(cls, where))
        except BaseException:
            del _structures[cls]
            raise
    return _structures[cls]


def _typed_dict(cls: type, where: str) -> Check:
    checks: dict[str, Check | None] = {}
    required: set[str] = set(cls.__required_keys__)  # type: ignore[attr-defined]
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        while (wrapper := typing.get_origin(hint)) in _WRAPPERS:
            # `__required_keys__` does not know of these wrappers if annotations are strings.
            if wrapper is typing.NotRequired:
                required.discard(name)
            elif wrapper is typing.Required:
                required.add(name)
            hint = typing.get_args(hint)[0]
        checks[name] = check_for(hint, f"{where}, `{cls.__name__}.{name}`")

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise expected("an object", value)
        for name in sorted(required):
            if name not in value:
                raise Mismatch("missing", f".{name}")
        return {key: _at(checks.get(key), key, item) for key, item in value.items()}

    return check


def _dataclass(cls: type, where: str) -> Check:
    hints = typing.get_type_hints(cls)
    fields = [field for field in dataclasses.fields(cls) if field.init]
    checks = {field.name: check_for(hints[field.name], f"{where}, `{cls.__name__}.{field.name}`") for field in fields}
    missing = dataclasses.MISSING
    required = [field.name for field in fields if field.default is missing and field.default_factory is missing]

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise expected("an object", value)
        for name in sorted(required):
            if name not in value:
                raise Mismatch("missing", f".{name}")
        known = {name: _at(checks[name], name, item) for name, item in value.items() if name in checks}
        return cls(**known)

    return check
