"""Advice about exceptions that a file raises while it is imported: one sentence each."""

import linecache
import re
import traceback
from pathlib import Path

from autograd_ref.commands.functions.failures import old_python
from autograd_ref.commands.functions.world import is_file

GUARD = "if __name__ == '__main__'"
ALIKE = (
    "autograd h5py jax matplotlib nltk numba numpy pandas plotly requests scipy seaborn sympy"
    " tensorflow tensorflow_datasets theano torch torchvision tqdm".split()
)
INSTALLED_AS = {
    **{name: name for name in ALIKE},
    "Bio": "biopython",
    "IPython": "ipython",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dotenv": "python-dotenv",
    "keras": "keras tensorflow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""The usual packages by the name of their import, each with that on PyPI."""
UNDECODABLE = re.compile("codec can't decode|encoding|Non-UTF-8")
OFFLINE = {"URLError", "ConnectionError", "gaierror", "RequestException"}
"""Exceptions of downloads, by name, as some are those of packages that may not be installed."""


def remedy(error: BaseException, file: str, *, notebook: bool = False, needed: str = "") -> str:
    """Advice about an exception, as a sentence goes on after a semicolon.

    Args:
        error: raised while the file was imported.
        file: the file, as the user named it.
        notebook: true where it is a notebook, of which cells can be chosen.
        needed: a name that the function under test needs and that would have been made there.
    """
    said = _of_old_python(error, file)
    if said:
        return said
    if isinstance(error, ImportError):
        return _of_import(error, file)
    avoidable = _of_what_need_not_run(error, file)
    if avoidable:
        what, does = avoidable
        if needed:
            return f"{what} give {needed} a value without it"
        aside = f"put the code that {does} under: {GUARD}"
        return f"{what} {'leave its cell out with --cells' if notebook else aside}"
    if isinstance(error, TabError):
        return f"line {error.lineno} mixes tabs and spaces; let your editor convert tabs to spaces"
    if isinstance(error, SyntaxError) and UNDECODABLE.search(str(error)):
        return "it is not in UTF-8; save it in UTF-8, or name its encoding in the first line"
    wanted = re.match(r"module 'numpy' has no attribute '(\w+)'", str(error))
    if wanted:
        name = wanted[1]
        return f"np.{name} is not in this version of NumPy; where it was a type, write {name}"
    return "fix the error above"


def _of_old_python(error: BaseException, file: str) -> str:
    if isinstance(error, SyntaxError):
        old = old_python.found_in_syntax(error)
        old = f"line {error.lineno}: {old}" if old and error.lineno else old
    else:
        old = old_python.found_in_error(error)
    advice = old_python.ADVICE.replace("FILE", Path(file).name)
    return f"it is written for Python 2 ({old}); {advice}" if old else ""


def _of_what_need_not_run(error: BaseException, file: str) -> tuple[str, str] | None:
    """A thing that the code does and a check has no use for, up to the advice, and its verb."""
    if isinstance(error, EOFError):
        return "it reads standard input, which is empty here;", "reads it"
    if isinstance(error, SystemExit):
        return "it ends the program when it is imported;", "ends it"
    if missing := _missing_file(error):
        return f"it needs {missing}: {_where_to_put(missing, file)}, or", "reads it"
    if OFFLINE & {kind.__name__ for kind in type(error).__mro__}:
        return "it asks for something from the network, and does not get it;", "asks for it"
    if isinstance(error, IndexError) and _reads_arguments(error):
        return "it reads the command line (sys.argv), which is empty here;", "reads it"
    return None


def _of_import(error: ImportError, file: str) -> str:
    if "relative import" in str(error):
        if is_file(file):
            return (
                "it imports a file that is part of a package (from .x import y): import that one by"
                " the name of the package too, from folder.file import ..."
            )
        return "it is part of a package: name it as package.module:function"
    name = error.name or ""
    if isinstance(error, ModuleNotFoundError) and name:
        top, _dot, inside = name.partition(".")
        if top == "google":
            return "google.colab is there in Colab only; leave out what needs it"
        if inside and top in {folder.name for folder in Path(file).absolute().parents}:
            return f"there is no {inside} in {top}, which is yours: put it there"
        if inside:
            return (
                f"there is {top}, but no {name} in it: put it there if it is yours, or install the"
                f" version of {top} that this is written for"
            )
        if package := INSTALLED_AS.get(top):
            return f"there is no module {top}: pip install {package}"
        return (
            f"there is no module {top}: put {top}.py beside {Path(file).name} if it is yours, or"
            f" install what it comes from (pip install {top}, if that is its name)"
        )
    if name:
        return f"{name} is there without that name: fix the import, or install another version"
    return "fix the error above, or install the package that it names"


def _missing_file(error: BaseException) -> str:
    """The file that was not found; empty where the error is about something else."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return ""
    if isinstance(error.filename, str | bytes | Path):
        return str(error.filename)
    named = re.match(r"(\S+) not found", str(error))  # by numpy.loadtxt
    return named[1] if named else "a file that is not there"


def _where_to_put(missing: str, file: str) -> str:
    folder = Path(file).parent
    if Path(missing).is_absolute():
        return "put it there"
    if (folder / missing).exists():
        return f"it lies beside your code, so go there first (cd {folder})"
    return f"put it into the folder that you are in ({Path.cwd()}), or go to the one that has it"


def _reads_arguments(error: BaseException) -> bool:
    frames = list(traceback.walk_tb(error.__traceback__))
    last, line = frames[-1] if frames else (None, 0)
    return last is not None and "argv" in linecache.getline(last.f_code.co_filename, line)
