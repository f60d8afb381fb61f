"""``python -m webapp COMMAND``: what an operator calls beside ``make run``, and what containers start.

``check`` looks whether everything is as it must be; ``web`` and ``worker`` run one part each, after that look;
``account`` keeps the list of those who may use a server that is open to others; ``feedback`` prints what people say of
verdicts they hold to be wrong; ``labels`` prints what reviewers have confirmed, for calibrating; ``rejudge`` asks the
detector of today about verdicts of earlier ones; ``quarantine`` lists files that are not tried again, and lifts that;
``hashes`` keeps lists of known pictures.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from ..settings import ROOT, Settings
from ..storage.accounts import Accounts, Role
from ..storage.database import migrate
from ..storage.feedback import FeedbackBox
from ..storage.quarantine import QUARANTINE_SECONDS, Quarantine
from ..storage.store import opened_store
from . import hash_lists, labels, rejudge
from .check import environment_problems, settings_problems

log = logging.getLogger("webapp")

_STARTS = {"check", "web", "worker"}


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status."""
    given = _parser().parse_args(arguments)
    try:
        settings = Settings.from_env()
    except ValueError as problem:
        return _fail(f"a setting makes no sense: {problem}")
    if given.command in _STARTS:
        return _start(settings, given.command)
    if given.command == "rejudge":
        return rejudge.rejudge_kept(settings, sys.stdout)
    if given.command == "labels":
        return labels.write(settings, sys.stdout)
    if given.command == "hashes":
        return hash_lists.run_hashes(settings, given.action, getattr(given, "name", ""), getattr(given, "file", None))
    with opened_store(settings.database_url) as store:
        if given.command == "account":
            return _account(Accounts(store), given)
        if given.command == "quarantine":
            return _quarantine(Quarantine(store), given.lift)
        return _feedback(FeedbackBox(store))


def _start(settings: Settings, command: str) -> int:
    if not may_start(settings):
        return 1
    if command == "check":
        print("Everything is as it must be.")  # noqa: T201 -- the command's answer
        return 0
    if command == "web":
        migrate(settings.database_url)
        return _become(web_command(settings))
    return _become([sys.executable, "worker.py"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webapp", description="Without a command: the whole product.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="look whether settings, folders, Redis and database are as they must be")
    commands.add_parser("web", help="check, bring the database up to date, then serve pages and API")
    commands.add_parser("worker", help="check, then analyze what is queued")
    commands.add_parser("feedback", help="what people say of wrong verdicts, one JSON object a line")
    commands.add_parser("rejudge", help="recompute verdicts of earlier detectors from kept features (FEATURES_DAYS)")
    commands.add_parser("labels", help="what reviewers have confirmed, as CSV: models calibrate reads it")
    held = commands.add_parser("quarantine", help="files that are not tried again")
    held.add_argument("--lift", metavar="SHA256", help="try this content again at once (`all`: everything)")
    lists = commands.add_parser("hashes", help="lists of known pictures (SEEN_BEFORE)")
    whats = lists.add_subparsers(dest="action", required=True)
    whats.add_parser("list", help="every list")
    adding = whats.add_parser("add", help="import a list (CSV or JSON Lines: hash, label, source, note), or renew it")
    adding.add_argument("name")
    adding.add_argument("file", type=Path)
    whats.add_parser("remove", help="remove a list").add_argument("name")
    account = commands.add_parser("account", help="who may use this server (AUTH=1)")
    actions = account.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every account")
    for action, what in (
        ("add", "make an account and show its key, once"),
        ("renew", "give an account another key; the old one ends"),
        ("role", "give an account another role"),
        ("revoke", "end an account's key, its sessions and its programs"),
        ("remove", "remove an account with all its checks"),
    ):
        one = actions.add_parser(action, help=what)
        one.add_argument("name")
        if action == "add":
            one.add_argument("--role", type=Role, choices=list(Role), default=Role.USER)
        elif action == "role":
            one.add_argument("role", type=Role, choices=list(Role))
    return parser


def may_start(settings: Settings) -> bool:
    """Whether nothing stands in the way of starting; what does is logged, and what should be known too."""
    findings = list(settings_problems(settings))
    if not any(one.fatal for one in findings):
        findings += environment_problems(settings)
    for one in findings:
        log.log(logging.ERROR if one.fatal else logging.WARNING, "%s", one.sentence)
    return not any(one.fatal for one in findings)


def web_command(settings: Settings) -> list[str]:
    """What serves pages and API."""
    options = {"interface": "wsgi", "host": settings.host, "port": str(settings.port), "workers": "1"}
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    command = [sys.executable, "-m", "granian", *flags, "--blocking-threads", "88", "--log-level", "error"]
    return [*command, "--factory", "webapp.app:serve"]


def _account(accounts: Accounts, given: argparse.Namespace) -> int:
    if given.action == "list":
        for one in accounts.all():
            made = time.strftime("%Y-%m-%d", time.gmtime(one.created_at))
            revoked = "" if one.key_hash else "  revoked"
            print(f"{one.name}  {one.role}  since {made}{revoked}")  # noqa: T201 -- the command's answer
        return 0
    try:
        if given.action in {"add", "renew"}:
            key = accounts.add(given.name, given.role) if given.action == "add" else accounts.renew(given.name)
            if key is not None:
                print(key)  # noqa: T201 -- shown once, on the operator's own screen
                return 0
        elif given.action == "role":
            if accounts.give_role(given.name, given.role):
                return 0
        elif accounts.revoke(given.name) if given.action == "revoke" else accounts.remove(given.name):
            return 0
    except ValueError as problem:
        return _fail(str(problem))
    return _fail(f"there is no account named {given.name}")


def _feedback(box: FeedbackBox) -> int:
    for entry in box.entries():
        print(msgspec.json.encode(entry).decode())  # noqa: T201 -- the command's answer
    return 0


def _quarantine(held: Quarantine, lift: str | None) -> int:
    """List what is held, or lift it; the exit status is 1 when there was nothing to lift."""
    if lift:
        lifted = held.lift(None if lift == "all" else lift)
        print(f"lifted: {lifted}")  # noqa: T201 -- the command's answer
        return 0 if lifted else 1
    for one in held.all():
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.last_at + QUARANTINE_SECONDS))
        print(f"{one.sha256}  {one.number} deaths, held until {until}")  # noqa: T201 -- the command's answer
    return 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 -- the command's answer
    return 1


def _become(command: list[str]) -> NoReturn:
    """Go on as that program: it gets the signals, and its status is ours."""
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606 -- our own commands
