"""The program at the edge: reads devices, keeps every event on disk, delivers it to the server."""

import gettext
from pathlib import Path

# English is written in the sources, and docs/howto/gateway.md tells how a language is added. It is bound here because
# words of tables are looked up as soon as their module is imported.
gettext.bindtextdomain("orderlight-gateway", str(Path(__file__).parent / "locale"))
gettext.textdomain("orderlight-gateway")
