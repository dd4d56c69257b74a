"""The command line of crosscheck: all commands in one parser, none of them loaded."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches

from autograd_ref.commands import check, comparison, falsify, grade, mistakes, selftest, train
from autograd_ref.commands.options import Parser

ALONE = comparison.COMMAND
"""`crosscheck` without a command."""

COMMANDS = (
    check.COMMAND,
    falsify.COMMAND,
    grade.COMMAND,
    train.COMMAND,
    selftest.COMMAND,
    mistakes.COMMAND,
)

USAGE = "crosscheck [OPTIONS]\n       crosscheck COMMAND [OPTIONS]"


def parsed(given: Sequence[str]) -> argparse.Namespace:
    """The options of the command that was asked for, and the command itself as `run`.

    Raises:
        SystemExit: after --help and --version, and with status 2 where something is wrong.
    """
    if not given or given[0].startswith("-"):
        return _alone().parse_args(given)
    parser = _of_all_commands()
    names = [command.name for command in COMMANDS]
    if given[0] not in names:
        near = get_close_matches(given[0], names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the commands are {', '.join(names)}"
        parser.error(f"unknown command {given[0]!r}; {hint}")
    return parser.parse_args(given)


def _alone() -> Parser:
    """The parser of `crosscheck` without a command; its help lists all commands."""
    parser = Parser(
        prog="crosscheck",
        usage=USAGE,
        description=_overview(),
        epilog=ALONE.exit_status,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ALONE.set_up(parser)
    return parser


def _of_all_commands() -> Parser:
    """The parser of a command and its options."""
    parser = Parser(prog="crosscheck")
    subparsers = parser.add_subparsers()
    for command in COMMANDS:
        command.set_up(
            subparsers.add_parser(
                command.name,
                description=command.description,
                epilog=f"Example: {command.example}\n\n{command.exit_status}",
                allow_abbrev=False,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return parser


def _overview() -> str:
    """All commands, each with a line and an example."""
    lines = [
        "Check gradients that were derived by hand against PyTorch's autograd.",
        "",
        "commands:",
    ]
    for command in (ALONE, *COMMANDS):
        lines += [
            f"  {command.name or '(none)':<10}{command.summary}",
            f"  {'':<10}  {command.example}",
        ]
    lines += ["", "Options of a command: crosscheck COMMAND --help. Without a command:"]
    return "\n".join(lines)
