"""Files that students hand in need data, train, ask, plot, are old: what can be used is used."""

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from autograd_ref.commands.functions.file_alone import load_gradient
from autograd_ref.commands.functions.files.namespace import definitions_in
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.loading import loaded
from tests.files_of_theirs import placed, refused, taken


@pytest.fixture(autouse=True)
def _forget_their_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        place = getattr(sys.modules[name], "__path__", None) or [
            getattr(sys.modules[name], "__file__", None) or "/"
        ]
        if any(Path(part).is_relative_to(tmp_path) for part in place):
            del sys.modules[name]


GRADIENTS = "def gradients(parameters, X, Y):\n    return 42\n"

USABLE = {
    "data that are not there": (
        "import numpy as np\n"
        'data = np.loadtxt("train.csv", delimiter=",")\n'
        "X_train, y_train = data[:, 1:], data[:, 0]\n"
        "N = len(X_train)\n" + GRADIENTS,
        "Line 2 of FILE could not be run (FileNotFoundError: train.csv not found.); gradients does"
        " not need it.",
    ),
    "a library that only plots": (
        "import no_such_plots as plots\nplots.use('dark')\n" + GRADIENTS + "plots.show()\n",
        "Line 1 of FILE could not be run (ModuleNotFoundError: No module named 'no_such_plots');"
        " gradients does not need it.",
    ),
    "a name of Python 2 above it": (
        "for i in xrange(3): pass\n" + GRADIENTS,
        "Line 1 of FILE could not be run (NameError: name 'xrange' is not defined); gradients does"
        " not need it.",
    ),
    "several failures": (
        "a = 1 / 0\nb = [][0]\nc = a + b\n" + GRADIENTS,
        "Line 1 of FILE could not be run (ZeroDivisionError: division by zero), as 1 more could"
        " not; gradients does not need it.",
    ),
    "a long exception": (
        "raise ValueError('x' * 300)\n" + GRADIENTS,
        f"Line 1 of FILE could not be run (ValueError: {'x' * 108}...); gradients does not need"
        " it.",
    ),
    "an exit without arguments": (
        "import sys\nif len(sys.argv) < 2:\n    sys.exit('usage: net.py')\n" + GRADIENTS,
        "Line 2 of FILE could not be run (SystemExit: usage: net.py); gradients does not need it.",
    ),
    "two definitions": (
        "def gradients(p, X, Y):\n    raise NotImplementedError\n" + GRADIENTS,
        "FILE defines gradients in line 1 and line 3; the last one counts.",
    ),
}


@pytest.mark.parametrize("case", USABLE)
def test_what_a_function_does_not_need_may_fail(case: str, tmp_path: Path) -> None:
    text, note = USABLE[case]
    placed(tmp_path, {"mine.py": text})
    found = taken(tmp_path, "mine.py:gradients")
    assert found.function(None, None, None) == 42
    assert found.notes == (note.replace("FILE", f"{tmp_path}/mine.py"),)


QUIET = {
    "training below the definitions": GRADIENTS + "while True: gradients(0, 0, 0)\n",
    "training below a guard": GRADIENTS + 'if __name__ == "__main__":\n    while True: pass\n',
    "a question below the definitions": GRADIENTS + 'rate = float(input("rate: "))\n',
    "an exit at the end": GRADIENTS + "import sys\nsys.exit(0)\n",
    "an error at the end": GRADIENTS + "print(gradients(1, 2, 3) / 0)\n",
    "a command line of its own": (
        "import argparse, sys\n"
        "options = argparse.ArgumentParser()\n"
        "options.add_argument('--rate', default=0.1)\n"
        "assert options.parse_args().rate == 0.1\n" + GRADIENTS
    ),
    "an exported notebook": (
        "get_ipython().run_line_magic('matplotlib', 'inline')\n"
        "get_ipython().system('pip install numpy')\n" + GRADIENTS
    ),
    "plots": (
        "import matplotlib\n"
        "matplotlib.use('TkAgg')\n"
        "import matplotlib.pyplot as plt\n"
        "assert plt.get_backend().lower() == 'agg'\n"
        "plt.plot([1, 2])\n"
        "plt.show()\n"
        "figures = plt.get_fignums()\n"
        "plt.close('all')\n" + GRADIENTS + "    return figures\n"
    ),
}


@pytest.mark.parametrize("case", QUIET)
def test_what_cannot_change_a_function_is_not_in_its_way(case: str, tmp_path: Path) -> None:
    before = os.environ.get("MPLBACKEND"), sys.stdin
    placed(tmp_path, {"mine.py": QUIET[case]})
    found = taken(tmp_path, "mine.py:gradients")
    assert (found.function(None, None, None), found.notes) == (42, ())
    assert (os.environ.get("MPLBACKEND"), sys.stdin) == before


RUN = {
    "a constant that is set again": "EPS = 1\ndef f():\n    return EPS\nEPS = 2\n",
    "an array that is filled": "W = [0]\ndef f():\n    return W[0]\nW[0] = 2\n",
    "a list that grows": "W = []\ndef f():\n    return len(W)\nW.append(1)\nW.append(1)\n",
    "a list that a function fills": (
        "W = []\ndef f():\n    return len(W)\ndef build():\n    W.extend([1, 1])\nbuild()\n"
    ),
    "a global that a function sets": (
        "def f():\n    return W\ndef init():\n    global W\n    W = 2\n"
        "def main():\n    init()\nmain()\n"
    ),
    "a method that is replaced": (
        "class Net:\n    def two(self): return 1\ndef f():\n    return Net().two()\n"
        "Net.two = lambda self: 2\n"
    ),
    "a helper below it": "def f():\n    return two()\n1 + 1\ndef two():\n    return 2\n",
    "a decorated function": "def f(): return 1\nf = lambda: 2\n",
    "an object that is changed by a call": (
        "class Net:\n    n = 1\nnet = Net()\ndef f(): return net.n\nsetattr(net, 'n', 2)\n"
    ),
    "a comprehension": (
        "two = sum([k for k in (1, 1)])\nclass A:\n    n = two\ndef f(): return A.n\n"
    ),
    "a name that is not read off": "W = 1\ndef f(): return W\nglobals()['W'] = 2\n",
    "names from elsewhere, perhaps": (
        "def f(): return int(e / e) + 1\ntry:\n    from math import *\nexcept ImportError: pass\n"
    ),
    "names from elsewhere": "def f(): return int(e / e) + 1\nfrom math import *\n",
    "futures": (
        '"""Words."""\nfrom __future__ import annotations\ndef f(x: no_such = 2): return x\n'
    ),
}


@pytest.mark.parametrize("case", RUN)
def test_whatever_can_change_a_function_is_run(case: str, tmp_path: Path) -> None:
    placed(tmp_path, {"mine.py": RUN[case] + "1 / 0\n"})
    found = taken(tmp_path, "mine.py:f")
    assert (found.function(), found.notes) == (2, ())


NEEDED = {
    "the data themselves": (
        'X = open("train.csv").read()\ndef g():\n    return X\ndef f():\n    return g()\n',
        "f needs X, and line 1 of mine.py cannot make it (FileNotFoundError); it needs train.csv:"
        " put it into the folder that you are in (HERE), or go to the one that has it, or"
        " give X a value without it",
    ),
    "what follows from them": (
        'X = open("train.csv").read()\nN = len(X)\nN = N + 1\ndef f():\n    return N\n',
        "f needs X, and line 1 of mine.py cannot make it (FileNotFoundError); it needs train.csv",
    ),
    "an older value": (
        "W = None\nW = 1 / 0\ndef f():\n    return W\n",
        "f needs W, and line 2 of mine.py cannot make it (ZeroDivisionError); fix the error above",
    ),
    "a layer of a network": (
        "layers = [1]\nlayers.append(1 / 0)\ndef f():\n    return layers\n",
        "f needs layers, and line 2 of mine.py cannot make it (ZeroDivisionError); fix the error",
    ),
    "names from elsewhere": (
        "from no_such import *\ndef f():\n    return abs(softmax)\n",
        "f needs softmax, and line 1 of mine.py cannot make it (ModuleNotFoundError); there is no",
    ),
    "a class": (
        "class Net(no_such): pass\nnet = Net()\n",
        "net.f needs Net, and line 1 of mine.py cannot make it (NameError); fix the error above",
    ),
}


def test_an_object_that_only_a_program_makes_is_said(tmp_path: Path) -> None:
    text = "class Net:\n    def f(self): pass\nif __name__ == '__main__':\n    net = Net()\n"
    placed(tmp_path, {"mine.py": text})
    assert str(refused(tmp_path, "mine.py:net.f")) == (
        "net is made below if __name__ == '__main__' in mine.py, which does not run when it is"
        " imported; make it above that line"
    )


@pytest.mark.parametrize("case", NEEDED)
def test_what_a_function_needs_must_not_fail(case: str, tmp_path: Path) -> None:
    text, message = NEEDED[case]
    placed(tmp_path, {"mine.py": text})
    error = refused(tmp_path, "mine.py:net.f" if "net" in text else "mine.py:f")
    assert str(error).startswith(message.replace("HERE", str(tmp_path)))
    assert f'File "{tmp_path}/mine.py", line' in error.trace
    assert "mine" not in sys.modules


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (GRADIENTS + "while True: gradients(0, 0, 0)\n", ["gradients"]),
        ("class Net: pass\ng = lambda p, X, Y: 42\nwhile True: pass\n", ["Net", "g"]),
        ("def make(): return lambda p, X, Y: 42\ng = make()\nimport json\n", ["make"]),
    ],
)
def test_a_file_alone_is_run_as_far_as_its_definitions(
    text: str, names: list[str], tmp_path: Path
) -> None:
    placed(tmp_path, {"mine.py": text})
    assert definitions_in("mine.py", tmp_path) == tuple(names)
    found = load_gradient("mine.py", tmp_path)
    assert found.function(0, 0, 0) == 42
    assert found.spec in ("mine.py:g", "mine.py:gradients")


def test_a_loop_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    text = "W = 42\nfor i in range(3):\n    W = W + 0\n    lost = 1 / (1 - i)\ndef f(): return W\n"
    placed(tmp_path, {"mine.py": text})
    found = taken(tmp_path, "mine.py:f")
    assert found.function() == 42
    assert "line 2" in found.notes[0].lower()


def test_a_name_that_is_made_again_is_there(tmp_path: Path) -> None:
    placed(tmp_path, {"mine.py": "W = 1 / 0\nV = W\nW = 42\ndef f(): return W\n"})
    assert taken(tmp_path, "mine.py:f").function() == 42


ADVICE = {
    "print": ("print 'loss', loss\n", "is written for Python 2 (line 1: a print statement)"),
    "print in a line": ("if 1: print 2\n", "is written for Python 2 (line 1: a print statement)"),
    "new Python 1": ("x = f(0.01, '<>', (1, 2)\ny = 1\n", "(SyntaxError); fix the error above"),
    "new Python 2": ("def f(x=(1, 2)\n    pass\n", "(SyntaxError); fix the error above"),
    "new Python 3": ("x = '`1` 10L ur' y\n", "(SyntaxError); fix the error above"),
    "print >>": ("import sys\nprint >>sys.stderr, 1\n", "is written for Python 2 (print >>file)"),
    "except": ("try:\n    pass\nexcept ValueError, e:\n    pass\n", "(line 3: except X, e)"),
    "raise": ("def f():\n    raise ValueError, 'no'\n", "(line 2: raise X, text)"),
    "exec": ("exec 'x = 1'\n", "(line 1: an exec statement)"),
    "unequal": ("if 1 <> 2: pass\n", "(line 1: <>)"),
    "backquotes": ("x = `1`\n", "(line 1: backquotes)"),
    "long": ("x = 10L\n", "(line 1: a number such as 10L)"),
    "octal": ("x = 0755\n", "(line 1: a number such as 0755)"),
    "tuple": ("f = lambda (x, y): x\n", "(line 1: a tuple among the arguments)"),
    "text": ("x = ur'a'\n", "(line 1: ur'...')"),
    "tabs": (
        "if 1:\n        x = 1\n\ty = 2\n",
        "line 3 mixes tabs and spaces; let your",
    ),
    "xrange": ("gen = [i for i in xrange(3)]\n", "is written for Python 2 (xrange)"),
    "cPickle": ("import cPickle\n", "is written for Python 2 (cPickle)"),
    "izip": ("from itertools import izip\n", "is written for Python 2 (izip)"),
    "iteritems": ("for k in {}.iteritems(): pass\n", "is written for Python 2 (iteritems)"),
    "sklearn": ("import sklearn_no.x\n", "(pip install sklearn_no, if that is its name)"),
    "cv2": ("import cv2\n", "there is no module cv2: pip install opencv-python"),
    "a part": ("import json.no_such\n", "there is json, but no json.no_such in it: put it there"),
    "Colab": ("import google.colab\n", "google.colab is there in Colab only"),
    "a member": ("from json import lods\n", "json is there without that name: fix the import"),
    "neither": ("raise ImportError('odd')\n", "or install the package that it names"),
    "input": ("n = input('n: ')\n", "it reads standard input, which is empty here; put the code"),
    "exit": ("exit()\n", "it ends the program when it is imported; put the code that ends it"),
    "numpy": ("import numpy as np\nx = np.int(3)\n", "np.int is not in this version of NumPy"),
    "arguments": ("import sys\nn = sys.argv[1]\n", "it reads the command line (sys.argv), which"),
    "index": ("n = [][1]\n", "fix the error above"),
    "absolute": ("open('/no/such.csv')\n", "it needs /no/such.csv: put it there, or put the code"),
    "unnamed": ("raise FileNotFoundError\n", "it needs a file that is not there: put it into"),
    "download": (
        "import urllib.error\nraise urllib.error.URLError('no')\n",
        "it asks for something from the network, and does not get it; put the code that asks",
    ),
    "zero byte": ("x = 1\0\n", "fix the error above"),
}


@pytest.mark.parametrize("case", ADVICE)
def test_every_failure_says_what_to_do(case: str, tmp_path: Path) -> None:
    text, message = ADVICE[case]
    placed(tmp_path, {"mine.py": text})
    error = refused(tmp_path, "mine.py:gradients")
    assert str(error).startswith("cannot import mine.py (")
    assert message in str(error)
    if "for Python 2" in message:
        assert "python3.12 -m lib2to3 -w mine.py" in str(error)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    assert (tmp_path / "mine.py").write_bytes(b"x = '\xe4'\n")
    assert "it is not in UTF-8; save it in UTF-8" in str(refused(tmp_path, "mine.py:f"))


def test_data_beside_the_file_are_pointed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, {"hw/mine.py": "X = open('train.csv')\n", "hw/train.csv": "1"})
    error = refused(tmp_path, "hw/mine.py:f")
    assert "it lies beside your code, so go there first (cd hw), or put" in str(error)
    monkeypatch.chdir(tmp_path / "hw")
    placed(tmp_path, {"hw/mine.py": "X = open('train.csv')\nX.close()\ndef f(): return 2\n"})
    assert taken(tmp_path, "hw/mine.py:f").function() == 2


def test_a_notebook_by_another_name_is_recognised(tmp_path: Path) -> None:
    placed(tmp_path, {"mine.py": '{"cells": [], "nbformat": 4}'})
    text = "mine.py is a notebook: give it a name that ends in .ipynb"
    assert str(refused(tmp_path, "mine.py:f")) == text


def test_a_file_has_no_cells(tmp_path: Path) -> None:
    placed(tmp_path, {"mine.py": "x = 1"})
    text = "--cells 1: mine.py has no cells, as it is no notebook"
    assert str(refused(tmp_path, "mine.py:f", cells="1")) == text


PACKAGES = {
    "a neighbour": ("hw/mine.py", "from layers import two", {"hw/layers.py": "two = 2"}),
    "a neighbour with a dot": (
        "hw/mine.py",
        "from .layers import two",
        {"hw/layers.py": "two = 2"},
    ),
    "a package with a dot": (
        "nn/core/mine.py",
        "from ..layers import two\nfrom . import other",
        {
            "nn/__init__.py": "",
            "nn/core/__init__.py": "",
            "nn/core/other.py": "",
            "nn/layers.py": "two = 2",
        },
    ),
    "its own package by name": (
        "nn/mine.py",
        "from nn.layers import two",
        {"nn/__init__.py": "from nn.mine import f", "nn/layers.py": "two = 2"},
    ),
    "its own folder by name": (
        "nn2/mine.py",
        "from nn2.layers import two",
        {"nn2/layers.py": "two = 2"},
    ),
    "a package above it": (
        "examples/mine.py",
        "from nn3.layers import two",
        {"nn3/__init__.py": "", "nn3/layers.py": "two = 2"},
    ),
    "a package in src": (
        "examples/mnist/mine.py",
        "import nn4.layers\ntwo = nn4.layers.two",
        {"src/nn4/__init__.py": "", "src/nn4/layers.py": "two = 2"},
    ),
    "a module above it": ("hw/mine.py", "from tools5 import two", {"tools5.py": "two = 2"}),
    "the package itself": (
        "nn6/__init__.py",
        "from .layers import two",
        {"nn6/layers.py": "two = 2"},
    ),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_a_file_finds_its_own_package(case: str, tmp_path: Path) -> None:
    name, imports, others = PACKAGES[case]
    placed(tmp_path, {name: f"{imports}\ndef f(): return two\n", **others})
    found = taken(tmp_path, f"{name}:f")
    assert (found.function(), found.notes) == (2, ())
    assert taken(tmp_path, f"{name}:f").function() == 2


def test_a_folder_in_the_way_is_not_taken_for_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a repository has the name of the package in it, and is in the path of imports."""
    mine = "from nn11.layers import two\ndef f(): return two\n"
    placed(tmp_path, {"nn11/nn11/mine.py": mine, "nn11/nn11/layers.py": "two = 2"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert taken(tmp_path, "nn11/nn11/mine.py:f").function() == 2


def test_what_a_package_has_imported_is_not_run_again(tmp_path: Path) -> None:
    files = {
        "nn10/__init__.py": "from nn10.mine import f\n",
        "nn10/runs.py": "runs = []\n",
        "nn10/mine.py": "from nn10.runs import runs\nruns.append(1)\ndef f(): return runs\n",
    }
    placed(tmp_path, files)
    assert taken(tmp_path, "nn10/mine.py:f").function() == [1]


def test_a_neighbour_that_is_part_of_a_package_is_said(tmp_path: Path) -> None:
    placed(tmp_path, {"mine.py": "import net8\n", "net8.py": "from .a import b\n", "a.py": "b = 1"})
    error = refused(tmp_path, "mine.py:f")
    assert "it imports a file that is part of a package (from .x import y)" in str(error)


def test_a_module_that_is_part_of_a_package_is_named_with_it(tmp_path: Path) -> None:
    placed(tmp_path, {"net9.py": "from .a import b\n"})
    with pytest.raises(UserCodeError, match=r"name it as package\.module:function"):
        _ = loaded("net9:f")


def test_a_backend_that_is_chosen_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "svg")
    text = "import os\nname = os.environ['MPLBACKEND']\ndef f(): return name\n"
    placed(tmp_path, {"mine.py": text})
    assert taken(tmp_path, "mine.py:f").function() == os.environ["MPLBACKEND"] == "svg"


def test_a_folder_that_can_be_no_package_is_said(tmp_path: Path) -> None:
    placed(tmp_path, {"hw1.2/mine.py": "from .a import b\n", "json/mine.py": "from . import x"})
    text = "cannot import hw1.2/mine.py; it is part of a package (from .x import y), and a package"
    assert str(refused(tmp_path, "hw1.2/mine.py:f")).startswith(text)
    assert str(refused(tmp_path, "json/mine.py:f")) == (
        "cannot import json/mine.py; its folder is called json, as another module is: rename the"
        " folder"
    )


def test_a_package_that_fails_shows_its_own_line(tmp_path: Path) -> None:
    files = {"nn7/__init__.py": "import no_such\n", "nn7/mine.py": "from .x import y\n"}
    placed(tmp_path, files)
    error = refused(tmp_path, "nn7/mine.py:f")
    assert f'File "{tmp_path}/nn7/__init__.py", line 1' in error.trace
    assert "there is no module no_such" in str(error)


def test_no_folder_of_data_is_taken_for_a_module(tmp_path: Path) -> None:
    placed(tmp_path, {"mnist_no/images.gz": "", "hw/mine.py": "import mnist_no\n"})
    assert "pip install mnist_no" in str(refused(tmp_path, "hw/mine.py:f"))
