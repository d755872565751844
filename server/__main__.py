"""`python -m server` is `orderlight-server`."""

import sys

from server.cli import main

sys.exit(main())
