"""Takes the place of the module `ssl` in a component, which has no TLS.

Many packages import `ssl` only to name its classes, such as PyJWT. That works; to use one is an error.
"""

from __future__ import annotations

from typing import Any, NoReturn

NONE = "there is no TLS in a component, and no sockets"


class SSLError(OSError):
    pass


class SSLCertVerificationError(SSLError, ValueError):
    pass


CertificateError = SSLCertVerificationError


class SSLEOFError(SSLError):
    pass


class SSLSyscallError(SSLError):
    pass


class SSLWantReadError(SSLError):
    pass


class SSLWantWriteError(SSLError):
    pass


class SSLZeroReturnError(SSLError):
    pass


class _Unusable:
    def __init__(self, *_: Any, **__: Any) -> None:
        raise SSLError(NONE)


class MemoryBIO(_Unusable):
    pass


class SSLContext(_Unusable):
    pass


class SSLObject(_Unusable):
    pass


class SSLSession(_Unusable):
    pass


class SSLSocket(_Unusable):
    pass


def create_default_context(*_: Any, **__: Any) -> NoReturn:
    raise SSLError(NONE)


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(f"`ssl.{name}`: {NONE}")
