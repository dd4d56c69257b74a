"""Marks: what a submission does that does not belong to an answer, seen where it happens.

Python tells an audit hook of imports, files, processes and frames, and the hook cannot be removed.
The frame that is responsible is the innermost of the submission's own; what PyTorch, NumPy or the
grader does on its own account is no mark.
"""

import builtins
import importlib
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from autograd_ref.commands.functions.world import PACKAGES

FORBIDDEN = {"torch", "autograd", "jax", "tensorflow", "autograd_ref", "manual_backprop"}
"""Packages that differentiate, and this project."""

MEMORY = {"sys._getframe", "sys._current_frames", "gc.get_objects", "gc.get_referrers"} | {
    "gc.get_referents"
}
FRAMES = {"tb_frame", "gi_frame", "f_back", "__closure__"}
"""Attributes that lead from what a submission has to what it has not, where Python tells of it."""
PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn", "os.system"} | {
    "subprocess.Popen",
    "os.kill",
    "os.killpg",
    "pty.spawn",
}
NETWORK = {"socket.connect", "socket.bind", "socket.sendto"}
NATIVE = {"ctypes.dlopen", "ctypes.dlsym"}
CHANGES = {"os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"}
CHANGES_OF_TWO = {"os.rename", "os.link", "os.symlink"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

STANDARD = sysconfig.get_path("stdlib")
INSTALLED = ("site-packages", "dist-packages")
OURS = tuple(str(package) for package in PACKAGES)
HARMLESS = {os.devnull, "/dev/tty"}

FRAME: Callable[[int], FrameType] = vars(sys)["_getframe"]
"""Documented, although its name begins with an underscore."""

Seen = Callable[[str, str], None]
"""Called with the kind of a mark and what was done."""


class Rules(NamedTuple):
    """The accesses that a submission is refused."""

    folder: Path
    """It may write in here alone."""
    protected: tuple[Path, ...]
    """It may not even read these, nor what is in them."""
    processes: bool = False
    """True if it may start processes."""


def watch(rules: Rules, seen: Seen) -> None:
    """Watch this process for the rest of its life."""
    sys.addaudithook(hook(rules, seen))
    for module, name in ((builtins, "__import__"), (importlib, "import_module")):
        setattr(module, name, importing(getattr(module, name), rules.folder, seen))


def hook(rules: Rules, seen: Seen) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that marks what it sees, and refuses what changes anything outside."""
    inside = False

    def watching(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal inside
        judge = JUDGES.get(event)
        if judge is None or inside:
            return
        inside = True  # to look at frames is an event itself
        try:
            refused = judge(rules, event, arguments, seen, FRAME(1))
        finally:
            inside = False
        if refused:
            raise PermissionError(f"the grader does not allow it: {refused}")

    return watching


def importing(original: Callable[..., Any], folder: Path, seen: Seen) -> Callable[..., Any]:
    """A function in the place of __import__ or import_module, which tells of what is forbidden.

    What is loaded already, as PyTorch is, reaches no audit hook. A submission's own module may have
    any name.
    """

    def telling(module: str, *arguments: Any, **named: Any) -> Any:
        try:
            return original(module, *arguments, **named)
        finally:
            top = str(module).partition(".")[0]
            if top in FORBIDDEN and is_theirs(FRAME(1)):
                file = getattr(sys.modules.get(top), "__file__", None) or ""
                if not file.startswith(f"{folder}{os.sep}"):
                    seen("imports", f"imports {top}")

    return telling


def is_theirs(frame: FrameType | None) -> bool:
    """True if the frame itself is the submission's."""
    return frame is not None and _owner(frame.f_code.co_filename) == "theirs"


def innermost(frame: FrameType | None, through: tuple[str, ...]) -> str:
    """The owner of the innermost frame that has another one than these."""
    while frame is not None:
        owner = _owner(frame.f_code.co_filename)
        if owner not in through:
            return owner
        frame = frame.f_back
    return ""


def responsible(frame: FrameType | None) -> bool:
    """True if the submission has asked for it, by way of a library or not."""
    return innermost(frame, ("standard", "installed")) == "theirs"


def asks_itself(frame: FrameType | None) -> bool:
    """True if the submission has asked for it, by way of the standard library at most.

    Others do much on their own account: Matplotlib starts a program that knows the fonts.
    """
    return innermost(frame, ("standard",)) == "theirs"


def _owner(file: str) -> str:
    if file.startswith(OURS):
        return "ours"
    if any(name in file for name in INSTALLED):
        return "installed"
    # <string> is what a dataclass or exec makes: whose it is, the next frame says
    return "standard" if file.startswith((STANDARD, "<")) else "theirs"


def _judged_open(
    rules: Rules, _event: str, arguments: tuple[Any, ...], seen: Seen, frame: FrameType
) -> str:
    place = _place(arguments[0])
    if place is None:
        return ""
    mode, flags = arguments[1], arguments[2]
    writes = bool((flags or 0) & WRITING) or any(c in str(mode or "") for c in "wax+")
    if writes:
        return _changed(rules, place, seen, frame)
    if any(place.is_relative_to(path) for path in rules.protected) and responsible(frame):
        seen("grader", f"opens {place}")
        return f"to open {place}"
    return ""


def _judged_change(
    rules: Rules, event: str, arguments: tuple[Any, ...], seen: Seen, frame: FrameType
) -> str:
    places = arguments[: 2 if event in CHANGES_OF_TWO else 1]
    found = (_changed(rules, place, seen, frame) for place in map(_place, places) if place)
    return next(filter(None, found), "")


def _changed(rules: Rules, place: Path, seen: Seen, frame: FrameType) -> str:
    """The reason why this place may not be changed; empty where it may."""
    if place.is_relative_to(rules.folder) or str(place) in HARMLESS:
        return ""
    if not responsible(frame):  # Python's own caches, for one
        return ""
    seen("outside", f"changes {place}")
    return f"to change {place}"


def _judged_process(
    rules: Rules, event: str, arguments: tuple[Any, ...], seen: Seen, frame: FrameType
) -> str:
    if rules.processes and event not in ("os.kill", "os.killpg"):
        return ""
    return _judged_always(rules, event, arguments, seen, frame)


def _judged_always(
    _rules: Rules, event: str, _arguments: tuple[Any, ...], seen: Seen, frame: FrameType
) -> str:
    """Processes, connections and native code: not a part of any answer."""
    if not responsible(frame):
        return ""
    if asks_itself(frame):
        others = "network" if event in NETWORK else "native"
        seen("processes" if event in PROCESSES else others, f"calls {event}")
    return f"to call {event}"


def _judged_look(
    _rules: Rules, event: str, arguments: tuple[Any, ...], seen: Seen, frame: FrameType
) -> str:
    """Frames and objects: marked where the submission itself asks for them, or `inspect` for it."""
    by_inspect = Path(frame.f_code.co_filename).name == "inspect.py" and asks_itself(frame)
    attribute = event == "object.__getattr__"
    if attribute and arguments[1] not in FRAMES:
        return ""
    if is_theirs(frame) or (by_inspect and not attribute):
        seen("memory", f"reads {arguments[1]}" if attribute else f"calls {event}")
    return ""


def _place(name: object) -> Path | None:
    """The file that a name stands for; None for what is open already."""
    try:
        return Path(os.path.realpath(os.fsdecode(name)))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return None


JUDGES: Mapping[str, Callable[[Rules, str, tuple[Any, ...], Seen, FrameType], str]] = {
    "open": _judged_open,
    "object.__getattr__": _judged_look,
    **dict.fromkeys(CHANGES | CHANGES_OF_TWO, _judged_change),
    **dict.fromkeys(PROCESSES, _judged_process),
    **dict.fromkeys(NETWORK | NATIVE, _judged_always),
    **dict.fromkeys(MEMORY, _judged_look),
}
