"""orderlight-server: the server's command line.

Exit codes: 0 done, 1 it could not be done (a sentence says why), 2 the command line itself is wrong,
78 the settings have mistakes.
"""

import os
import sys
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from server.cli.context import CommandFailed, find_settings_file
from server.cli.parser import build_parser
from server.errors import OrderlightError
from server.settings import Settings, SettingsError

EXIT_FAILED = 1
EXIT_SETTINGS = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    arguments = build_parser().parse_args(argv)
    # Databases, backups and what lies beside them are for the account that runs the server, and for nobody else.
    os.umask(0o077)
    try:
        settings = Settings.load(os.environ, find_settings_file(arguments.config, os.environ))
        return int(arguments.command(arguments, settings))
    except SettingsError as error:
        print("\n".join(error.mistakes), file=sys.stderr)
        return EXIT_SETTINGS
    except (CommandFailed, OrderlightError) as error:
        print(str(error), file=sys.stderr)
        return EXIT_FAILED
    except SQLAlchemyError as error:
        print(_database_sentence(error), file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # The reader of our output has seen enough, as `head` does.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def _database_sentence(error: SQLAlchemyError) -> str:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = cause[0] if cause else type(error).__name__
    if "no such table" in reason or "does not exist" in reason:
        return f"The database has no tables yet ({reason}). Run: orderlight-server init"
    return f"The database cannot be used: {reason}. Check ORDERLIGHT_DATABASE_URL; orderlight-server doctor tells more."
