#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from environs import EnvError

from stances.migrated import BEHIND, is_behind

INTERRUPTED = 130


def main() -> None:
    """Run a command; what its user can mend or did is told in a line, without a traceback."""
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt as interrupt:
        print(": ".join(["Interrupted", *getattr(interrupt, "__notes__", [])]) + ".", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (EnvError, OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        behind = not isinstance(error, EnvError) and is_behind()
        if isinstance(error, ProgrammingError) and not behind:
            raise
        sys.exit(f"{os.path.basename(sys.argv[0])}: {BEHIND if behind else error}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
