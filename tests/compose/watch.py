"""Watches the composed system as a person does: in a browser, while simulated readers work and the database restarts.

The system runs already, with the profile `simulators` (docker compose --profile simulators up). Then, in its folder:

    python tests/compose/watch.py --engine "docker compose" --url http://localhost:8000 --pictures /tmp/pictures

It makes a person with a password link, signs in, opens the board and the order that moved last, and waits until both
pages move by themselves: new fragments, drawn into the page that is open. Then it restarts PostgreSQL under the server
and waits until both move again. It prints what it saw, and ends with 0 when all of that happened.
"""

import argparse
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-renderer-backgrounding")
#: The region of a page that lives, with the version it shows.
LIVE = "main [data-topic][data-version]"
LOOK = f"""() => {{
    const region = document.querySelector("{LIVE}");
    const pill = document.querySelector("#connection");
    return {{
        topic: region.dataset.topic, version: Number(region.dataset.version), text: region.innerText,
        connection: pill ? pill.dataset.state : "", sameDocument: window.orderlightWatched === true,
    }};
}}"""


class NotSeen(Exception):
    """Something that should have been seen was not."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs the composed system: `docker compose`, or whatever speaks its language."""

    command: Sequence[str]

    def run(self, *arguments: str) -> str:
        """Run one command of the engine; its output. Raises NotSeen with its words when it fails."""
        ran = subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise NotSeen(
                f"{shlex.join([*self.command, *arguments])} failed: {ran.stderr.strip() or ran.stdout.strip()}"
            )
        return ran.stdout.strip()


@dataclass(slots=True)
class Watched:
    """A page that is open, as it was last looked at."""

    name: str
    page: Page
    seen: dict[str, Any]

    def look(self) -> dict[str, Any]:
        """What the page shows now."""
        found: dict[str, Any] = self.page.evaluate(LOOK)
        return found

    def has_moved(self) -> bool:
        """Whether a newer fragment with other words stands there, in the document that was opened."""
        now = self.look()
        if not now["sameDocument"]:
            raise NotSeen(f"{self.name} was loaded anew instead of being kept up to date.")
        return bool(now["version"] > self.seen["version"] and now["text"] != self.seen["text"])


def main() -> int:
    """Watch, and say what was seen."""
    arguments = _arguments()
    engine = Engine(shlex.split(arguments.engine))
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {words}", flush=True)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=list(FLAGS))
        try:
            watched = _open(browser, engine, arguments, say)
            _await_movement(watched, arguments.seconds, say)
            _restart(engine, arguments.database, watched, say)
            _await_movement(watched, arguments.seconds, say)
        except NotSeen as fault:
            say(f"Not seen: {fault}")
            return 1
        finally:
            _picture(browser, arguments.pictures)
            browser.close()
    say("Both pages moved, before and after the restart of the database.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Watch the composed system in a browser.")
    parser.add_argument("--engine", default="docker compose", help="the command that runs it (docker compose)")
    parser.add_argument("--url", default="http://localhost:8000", help="where its pages are")
    parser.add_argument("--database", default="postgres", help="the service to restart (postgres)")
    parser.add_argument("--server", default="server", help="the service with orderlight-server (server)")
    parser.add_argument(
        "--seconds", type=float, default=180.0, help="how long to wait for a page, and for it to move (180)"
    )
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of the pages at the end")
    parser.add_argument("--chromium", default=CHROMIUM, help=f"the browser ({CHROMIUM})")
    return parser.parse_args()


def _open(browser: Browser, engine: Engine, arguments: argparse.Namespace, say: Callable[[str], None]) -> list[Watched]:
    """Sign in and open both pages, side by side as two windows of one browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    # The browser's own limit of half a minute is short for a machine that builds and starts all this meanwhile.
    context.set_default_timeout(arguments.seconds * 1000)
    page = context.new_page()
    login = _sign_in(page, engine, arguments)
    say(f"Signed in at {arguments.url} as {login}.")
    number = _liveliest(page, arguments.url)
    watched = [_watch(page, arguments.url, "/board"), _watch(context.new_page(), arguments.url, f"/orders/{number}")]
    for each in watched:
        say(f"{each.name} shows version {each.seen['version']} of {each.seen['topic']}.")
    return watched


def _sign_in(page: Page, engine: Engine, arguments: argparse.Namespace) -> str:
    login, password = f"watcher{secrets.token_hex(3)}", secrets.token_urlsafe(18)
    told = engine.run("exec", "-T", arguments.server, "orderlight-server", "user", "add", login, "--name", "Watcher",
                      "--role", "manager")  # fmt: skip
    link = next((word for word in told.split() if "/set-password/" in word), None)
    if link is None:
        raise NotSeen(f"a password link, but: {told}")
    page.goto(arguments.url + urlsplit(link).path)
    page.fill("[name=password]", password)
    page.fill("[name=repeat]", password)
    page.click("main button.primary")
    if "/login" in page.url or page.locator("[name=login]").count():
        page.fill("[name=login]", login)
        page.fill("[name=password]", password)
        page.click("main button.primary")
    return login


def _liveliest(page: Page, url: str) -> str:
    """The open order that moved last, waited for while the factory warms up."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        answer = page.request.get(f"{url}/api/v1/orders?lifecycle=processing&limit=200")
        moved = [order for order in answer.json().get("items", []) if order.get("moved_at")]
        if moved:
            return str(max(moved, key=lambda order: str(order["moved_at"]))["number"])
        time.sleep(1.0)
    raise NotSeen("an order in production that moved; does the profile `simulators` run?")


def _watch(page: Page, url: str, path: str) -> Watched:
    page.goto(url + path)
    page.wait_for_selector(LIVE)
    page.evaluate("window.orderlightWatched = true")
    return Watched(path, page, page.evaluate(LOOK))


def _await_movement(watched: Sequence[Watched], seconds: float, say: Callable[[str], None]) -> None:
    """Wait until each page has moved; then take what it shows as seen."""
    until, waiting = time.monotonic() + seconds, list(watched)
    while waiting:
        if time.monotonic() > until:
            names = ", ".join(f"{each.name} ({each.look()['connection'] or 'no light'})" for each in waiting)
            raise NotSeen(f"movement on {names} within {seconds:.0f} s")
        for each in [each for each in waiting if each.has_moved()]:
            before, each.seen = each.seen, each.look()
            lamp = f"connection {each.seen['connection'] or 'not shown'}"
            say(f"{each.name} moved by itself: version {before['version']} to {each.seen['version']}, {lamp}.")
            say(f"    new there: {_news(before['text'], each.seen['text'])}")
            waiting.remove(each)
        time.sleep(0.2)


def _news(before: str, after: str) -> str:
    """A few lines of a page that were not there before."""
    known = set(before.splitlines())
    fresh = [line.strip() for line in after.splitlines() if line.strip() and line not in known]
    return " | ".join(" ".join(line.split()) for line in fresh[:4])


def _restart(engine: Engine, service: str, watched: Sequence[Watched], say: Callable[[str], None]) -> None:
    engine.run("restart", service)
    say("The database was restarted.")
    for each in watched:
        # What came in before the restart was seen already; only what comes after it counts.
        each.seen = each.look()
        say(f"{each.name} stands at version {each.seen['version']}, connection {each.seen['connection']}.")


def _picture(browser: Browser, folder: Path | None) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page for context in browser.contexts for page in context.pages]
    for number, page in enumerate(pages, start=1):
        page.screenshot(path=str(folder / f"page-{number}.png"))


if __name__ == "__main__":
    sys.exit(main())
