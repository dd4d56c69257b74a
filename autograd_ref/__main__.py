"""`python -m autograd_ref` is the crosscheck command."""

import sys

from autograd_ref.commands import main

if __name__ == "__main__":
    sys.exit(main())
