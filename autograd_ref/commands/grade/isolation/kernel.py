"""Linux beyond POSIX: Landlock, and a process that inherits its descendants' orphans.

Landlock is the part of the kernel in which a process gives up rights for itself and its children,
without being an administrator: https://docs.kernel.org/userspace-api/landlock.html.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls, by linux/unistd.h."""
ASK_VERSION = 1
BENEATH_PATH = 1
SET_PARENT_DEATH_SIGNAL, NO_NEW_PRIVILEGES, SUBREAPER = 1, 38, 36
"""Calls of prctl, by linux/prctl.h."""

WRITES = sum(1 << bit for bit in (1, *range(4, 13)))
"""To write a file, to remove and to make files, folders, links and devices, by linux/landlock.h."""
REFER, TRUNCATE = 1 << 13, 1 << 14
ON_A_FILE = 1 << 1 | TRUNCATE
TCP = 0b11
SCOPES = 0b11
"""No abstract sockets and no signals to processes outside."""
SINCE_REFER, SINCE_TRUNCATE, SINCE_TCP, SINCE_SCOPES = 2, 3, 4, 6
"""The versions of Landlock that brought them."""


def landlock_version() -> int:
    """The version of Landlock; 0 where there is none."""
    return max(_call(CREATE_RULESET, None, 0, ASK_VERSION), 0) if _is_linux() else 0


def may_write_only(paths: Sequence[Path]) -> bool:
    """Let this process and its children write beneath these paths alone; False if that is refused.

    It can open no connection by TCP either, and send no signal to a process outside, where the
    kernel is new enough. It reads what it could.
    """
    version = landlock_version()
    if not version:
        return False
    rights = WRITES | (REFER if version >= SINCE_REFER else 0)
    rights |= TRUNCATE if version >= SINCE_TRUNCATE else 0
    handled = [rights]
    handled += [TCP] if version >= SINCE_TCP else []
    handled += [SCOPES] if version >= SINCE_SCOPES else []
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    rules = _call(CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    done = all(_allowed(rules, path, rights) for path in paths)
    done = done and _prctl(NO_NEW_PRIVILEGES, 1) and _call(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return done


def inherit_orphans() -> bool:
    """Become the parent of whatever descendant loses its own; False where that is not possible."""
    return _is_linux() and _prctl(SUBREAPER, 1)


def end_with_parent(by: signal.Signals) -> None:
    """Have this process sent a signal when its parent ends, where that is possible."""
    if _is_linux():
        _ = _prctl(SET_PARENT_DEATH_SIGNAL, by)


def _allowed(rules: int, path: Path, rights: int) -> bool:
    """True if writing beneath the path, or to the file, has become a rule."""
    descriptor = os.open(path, os.O_RDONLY)
    given = rights if path.is_dir() else rights & ON_A_FILE
    done = _call(ADD_RULE, rules, BENEATH_PATH, struct.pack("=Qi", given, descriptor), 0) == 0
    os.close(descriptor)
    return done


def _prctl(option: int, value: int) -> bool:
    return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0


def _call(number: int, *arguments: int | bytes | None) -> int:
    return int(ctypes.CDLL(None).syscall(number, *arguments))


def _is_linux() -> bool:
    return sys.platform == "linux"
