"""Code for Python 2, by the error that it raises in this one."""

import re

MESSAGES = {
    "Missing parentheses in call to 'print'": "a print statement",
    "Missing parentheses in call to 'exec'": "an exec statement",
    "multiple exception types must be parenthesized": "except X, e",
    "leading zeros in decimal integer literals": "a number such as 0755",
}
"""Messages of Python about statements of Python 2, by their beginnings."""
SHAPES = {
    r"\braise\s+[\w.]+\s*,": "raise X, text",
    r"<>": "<>",
    r"`": "backquotes",
    r"\b[uU][rR]TEXT": "ur'...'",
    r"(?<![\w.])\d+[lL]\b": "a number such as 10L",
    r"(?:\bdef\s+\w+\s*\(|\blambda\b)(?:\s*\w+\s*,)*\s*\(": "a tuple among the arguments",
}
"""Lines that only Python 2 takes, with TEXT in place of every text in quotes."""
TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
NAMES = set(
    "basestring cmp execfile file long raw_input reduce reload unichr unicode xrange".split()
)
MODULES = set(
    "BaseHTTPServer ConfigParser HTMLParser Queue SocketServer StringIO Tkinter __builtin__"
    " cPickle cStringIO commands copy_reg cookielib httplib md5 tkMessageBox urllib2"
    " urlparse".split()
)
MEMBERS = set(
    "has_key iteritems iterkeys itervalues imap izip ifilter izip_longest maketrans maxint next"
    " letters getcwdu urlopen urlretrieve urlencode func_name im_func im_self viewitems".split()
)
"""Attributes and members of modules that Python 3 no longer has."""
ADVICE = (
    "convert it: python3.12 -m lib2to3 -w FILE (part of Python up to 3.12) mends print, xrange,"
    " except X, e and the like"
)


def found_in_syntax(error: SyntaxError) -> str:
    """Something that only Python 2 takes, in the line of a syntax error; empty where nothing is."""
    message = error.msg or ""
    said = next((what for start, what in MESSAGES.items() if message.startswith(start)), "")
    line = TEXT.sub("TEXT", error.text or "")
    return said or next((what for shape, what in SHAPES.items() if re.search(shape, line)), "")


def found_in_error(error: BaseException) -> str:
    """A name that only Python 2 has, where an error is about it; empty otherwise."""
    name = str(getattr(error, "name", None) or "")
    if isinstance(error, NameError):
        return name if name in NAMES else ""
    if isinstance(error, ModuleNotFoundError):
        return name if name in MODULES else ""
    if isinstance(error, AttributeError):
        return name if name in MEMBERS else ""
    if isinstance(error, ImportError):
        wanted = re.search(r"cannot import name '(\w+)'", str(error))
        return wanted[1] if wanted and wanted[1] in MEMBERS else ""
    shifted = isinstance(error, TypeError) and "for >>: 'builtin_function" in str(error)
    return "print >>file" if shifted else ""
