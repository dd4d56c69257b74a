"""`crosscheck selftest`: the detection and false-alarm rates of this installation."""

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.options import Command, Parser, add_seed, integer, later

DESCRIPTION = """Measure this installation: whether every mistake of the catalogue, alone and in
pairs, is found and named on random problems; the smallest error that is found;
whether correct gradients, in several styles, are all accepted; and whether
mistakes in three other models are found and named at their line."""


def _add_options(parser: Parser) -> None:
    parser.add_argument(
        "--problems",
        type=integer(1),
        default=5,
        metavar="N",
        help="random problems for each mistake (default: %(default)s, a minute or two)",
    )
    add_seed(parser, "of the first problem")
    add_json(parser)


COMMAND = Command(
    name="selftest",
    summary="measure the detection and false-alarm rates of this installation",
    example="crosscheck selftest --problems 2",
    description=DESCRIPTION,
    exit_status="Exit status: 0 all bounds hold, 1 one of them does not, 2 unusable input.",
    add_options=_add_options,
    run=later("autograd_ref.commands.selftest.run"),
)
