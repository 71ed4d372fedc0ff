#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError
from environs import EnvError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except (EnvError, OperationalError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
