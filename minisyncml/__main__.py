"""`python -m minisyncml`."""

from __future__ import annotations

import sys

from minisyncml.cli.main import main

sys.exit(main())
