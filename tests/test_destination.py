"""Results reach what the user named: whole, with the mode it had, or not at all and at once."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd_ref.commands import destination as place
from autograd_ref.commands import main, output
from autograd_ref.commands.destination import destination, require_writable
from autograd_ref.commands.options import Unusable
from autograd_ref.commands.output import write_whole

Captured = pytest.CaptureFixture[str]


def write(name: Path | str, text: str = "new") -> None:
    target = destination(str(name))
    require_writable(target)
    write_whole(target, text)


def refused(name: Path | str) -> str:
    with pytest.raises(Unusable) as caught:
        write(name)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def in_bash(folder: Path, line: str) -> None:
    command = f"{sys.executable} -m autograd_ref mistakes --json"
    done = subprocess.run(
        ["bash", "-c", line.replace("JSON", command)], cwd=folder, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "link", "log"])
def test_a_log_is_appended_to(name: str, folder: Path) -> None:
    (folder / "link").symlink_to("/dev/stderr")
    log = folder / "log"
    assert log.write_text("old\n", encoding="utf-8") == 4
    in_bash(folder, f"JSON {name} 2>>log >/dev/null")
    text = log.read_text(encoding="utf-8")
    assert text.startswith('old\n{\n  "schema"')
    assert text.endswith("}\n")


def test_what_the_shell_has_opened_is_written_to(folder: Path) -> None:
    in_bash(
        folder, "JSON >(tail -n 1 > last; echo > done) >/dev/null; until test -e done; do :; done"
    )
    assert (folder / "last").read_text(encoding="utf-8") == "}\n"
    in_bash(folder, "JSON /dev/fd/5 5>five >/dev/null")
    assert (folder / "five").read_text(encoding="utf-8").startswith("{")
    in_bash(folder, "JSON /dev/stdout > both")
    assert (folder / "both").read_text(encoding="utf-8").startswith("{"), "in place of the text"
    in_bash(folder, "JSON both > both")
    assert (folder / "both").read_text(encoding="utf-8").startswith("{")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o640])
def test_an_existing_file_keeps_its_mode(mode: int, folder: Path) -> None:
    file = folder / "result.json"
    file.touch()
    file.chmod(mode)
    write("result.json")
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert file.read_text(encoding="utf-8") == "new"


def test_a_new_file_has_the_mode_of_any_new_file(folder: Path) -> None:
    write("result.json")
    (folder / "other").touch()
    assert (folder / "result.json").stat().st_mode == (folder / "other").stat().st_mode
    assert {path.name for path in folder.iterdir()} == {"result.json", "other"}


def test_a_full_disk_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "result.json"
    assert file.write_text("old", encoding="utf-8") == 3
    real = output.new_file

    def full(where: Path, mode: int) -> tuple[Path, int]:
        path, descriptor = real(where, mode)
        os.close(descriptor)
        return path, os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(output, "new_file", full)
    assert refused("result.json") == "cannot write result.json: No space left on device"
    assert file.read_text(encoding="utf-8") == "old"
    assert list(folder.iterdir()) == [file]


def forbidden(*_arguments: object) -> tuple[Path, int]:
    raise PermissionError(13, "Permission denied")


def test_a_file_that_cannot_be_replaced_is_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "result.json"
    file.touch()
    with monkeypatch.context() as patched:  # its folder may not be changed
        patched.setattr(output, "new_file", forbidden)
        write(file, "one")
        assert file.read_text(encoding="utf-8") == "one"
        with pytest.raises(PermissionError):
            output.write_bytes(folder / "none", b"")
    with monkeypatch.context() as patched:  # it is mounted by itself
        patched.setattr(Path, "replace", forbidden)
        write(file, "two")
        assert file.read_text(encoding="utf-8") == "two"
        with pytest.raises(PermissionError):
            output.write_bytes(folder / "none", b"")
    assert list(folder.iterdir()) == [file]


def test_a_link_stays_a_link_and_a_device_stays_a_device(folder: Path) -> None:
    file, link, dangling = folder / "result.json", folder / "link.json", folder / "dangling"
    link.symlink_to(file)
    write(link)
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new"
    dangling.symlink_to("new.json")
    write(dangling)
    assert (folder / "new.json").read_text(encoding="utf-8") == "new"
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe)
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert pipe.is_fifo()


def no_folder(folder: Path) -> str:
    return f"{folder}/none/r.json"


def circle(folder: Path) -> str:
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    return "one"


def under_a_file(folder: Path) -> str:
    (folder / "file").touch()
    return "file/r.json"


def for_reading(folder: Path) -> str:
    (folder / "file").touch()
    return f"/dev/fd/{os.open(folder / 'file', os.O_RDONLY)}"


UNWRITABLE: list[tuple[Callable[[Path], str], str]] = [
    (no_folder, "there is no folder "),
    (circle, "Too many levels of symbolic links"),
    (under_a_file, "there is no folder file"),
    (lambda folder: "a" * 300, "File name too long"),
    (lambda folder: "/dev/fd/93", "Bad file descriptor"),
    (for_reading, "Bad file descriptor"),
    (lambda folder: "/sys/r.json", ""),
    (lambda folder: ".", "it needs to be the name of a file"),
]


@pytest.mark.parametrize(("make", "message"), UNWRITABLE)
def test_what_cannot_be_written_is_found_out_before_the_work(
    make: Callable[[Path], str], message: str, folder: Path, capsys: Captured
) -> None:
    name = make(folder)
    before = sorted(folder.iterdir())
    assert main(["mistakes", "--json", name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("crosscheck: cannot write ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(folder.iterdir()) == before


def test_what_may_not_be_written_is_found_out_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an administrator one may write everywhere, so that the system is asked in our place."""
    file, pipe = folder / "result.json", folder / "pipe"
    file.touch()
    os.mkfifo(pipe)
    for owner, name in ((place.os, "open"), (place, "new_file")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, forbidden)
            path = file if name == "open" else folder / "new"
            assert refused(path) == f"cannot write {path}: Permission denied"
    monkeypatch.setattr(place.os, "access", lambda *_arguments: False)
    assert refused(pipe) == f"cannot write {pipe}: Permission denied"


@pytest.mark.parametrize(
    "names", [("f", "f"), ("f", "./f"), ("f", "link"), ("-", "-"), ("-", "/dev/stdout")]
)
def test_two_results_in_one_place_are_refused(
    names: tuple[str, str], folder: Path, capsys: Captured
) -> None:
    (folder / "link").symlink_to("f")
    with pytest.raises(SystemExit) as stopped:
        _ = main(["check", "x.py:f", "--json", names[0], "--html", names[1]])
    assert stopped.value.code == 2
    said = f"crosscheck check: --json and --html both write to {names[0]} "
    assert capsys.readouterr().err.startswith(said)
    assert not (folder / "f").exists()


def test_a_device_takes_two_results() -> None:
    null = destination("/dev/null")
    assert not null.is_same(null)


@pytest.mark.parametrize("spec", ["mine.py", "mine.py:f"])
def test_a_result_replaces_no_file_of_the_users(spec: str, folder: Path, capsys: Captured) -> None:
    (folder / "mine.py").touch()
    with pytest.raises(SystemExit):
        _ = main(["check", spec, "--json", "./mine.py"])
    assert capsys.readouterr().err.startswith("crosscheck check: --json would replace mine.py ")


def test_a_folder_that_is_gone_is_said(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit):
        _ = main(["mistakes", "--json", "r.json"])
    assert "argument --json: got 'r.json'; the current folder is gone" in capsys.readouterr().err
    assert main(["check", "mine.py:f"]) == 2
    assert "the current folder is gone; go to one that is there" in capsys.readouterr().err
