"""``make doctor``: looks at this machine and says in plain sentences what is well, what is less than it could be, and
what stands in the way. The exit status is 1 when something stands in the way, else 0.

    python -m webapp.ops.doctor
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..intake.uploads import memory_available
from ..sandbox import child as sandbox
from ..sandbox.child import Isolation, Level
from ..sandbox.confinement import EMPTY_ROOT, LANDLOCK, NAMESPACES, SECCOMP
from ..settings import ROOT, Settings
from .check import environment_problems, has_front_end, port_problem, settings_problems

_GIB = 1 << 30


class Mark(StrEnum):
    """What a sentence means for the operator."""

    WELL = "ok"
    LESS = "note"
    STOP = "STOP"


@dataclass(frozen=True)
class CheckResult:
    """One sentence about this machine."""

    mark: Mark
    sentence: str


def main() -> int:
    """Say everything; return the exit status."""
    said = list(examine())
    for one in said:
        sys.stdout.write(f"{one.mark:<5} {one.sentence}\n")
    stops = sum(one.mark is Mark.STOP for one in said)
    notes = sum(one.mark is Mark.LESS for one in said)
    sys.stdout.write(f"\n{stops} in the way, {notes} to know, {len(said) - stops - notes} well.\n")
    return 1 if stops else 0


def examine() -> Iterator[CheckResult]:
    """Everything that can be said."""
    yield _python()
    try:
        settings = Settings.from_env()
    except ValueError as problem:
        yield CheckResult(Mark.STOP, f"A setting makes no sense: {problem}.")
        return
    yield from _isolation(sandbox.isolation())
    yield from _surroundings(settings)
    for look in (_memory, _disk, _media, _port, _front_end, _detector, _models):
        yield look(settings)
    yield from _programs()


def _python() -> CheckResult:
    version = ".".join(map(str, sys.version_info[:3]))
    return CheckResult(Mark.WELL, f"Python {version} on {os.cpu_count()} cores.")


_WALLS = {
    NAMESPACES: "user and network namespaces are not permitted (usual inside containers; elsewhere see the kernel "
    "settings user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns)",
    EMPTY_ROOT: "changing to an empty root is not permitted (it comes with namespaces)",
    LANDLOCK: "the kernel has no Landlock (Linux 5.13 or later, started with lsm=landlock among others)",
    SECCOMP: "libseccomp is not installed (Debian package libseccomp2)",
}


def _isolation(found: Isolation) -> Iterator[CheckResult]:
    for name, why in _WALLS.items():
        if name not in found.walls:
            yield CheckResult(Mark.LESS, f"No {name} around analyses: {why}.")
    if found.level is Level.FULL:
        yield CheckResult(
            Mark.WELL,
            "Isolation is full: a decoder that is taken over reaches no network, no file, no process "
            f"({', '.join(found.walls)}).",
        )
    else:
        open_to = ", ".join(found.open)
        yield CheckResult(
            Mark.LESS,
            f"Isolation is {found.level}: a decoder that is taken over still reaches {open_to}. Memory, processor time "
            "and file size are limited all the same. Do not let strangers use this server.",
        )


def _surroundings(settings: Settings) -> Iterator[CheckResult]:
    bundled = not os.environ.get("REDIS_URL")
    made = [folder for folder in (settings.media_dir, settings.data_dir) if not folder.exists()]
    found = [*settings_problems(settings), *environment_problems(settings)]
    for folder in made:
        with suppress(OSError):  # not there, or somebody uses it by now
            folder.rmdir()
    redis_fails = any(one.sentence.startswith("REDIS_URL") for one in found)
    for one in found:
        if bundled and one.sentence.startswith("REDIS_URL"):
            continue  # `make run` brings its own
        yield CheckResult(Mark.STOP if one.fatal else Mark.LESS, f"{one.sentence[:1].upper()}{one.sentence[1:]}.")
    if bundled:
        yield CheckResult(
            Mark.WELL,
            "No REDIS_URL is set: `make run` starts a private Redis (noeviction, nothing on disk). What waits in it "
            "when it dies is queued again from the database.",
        )
    elif not redis_fails:
        yield CheckResult(Mark.WELL, "Redis answers, and drops no job when memory is short (noeviction).")
    if not any(one.sentence.startswith("DATABASE_URL") for one in found):
        yield CheckResult(Mark.WELL, f"The database ({settings.database_url.partition(':')[0]}) can be reached.")


def _memory(settings: Settings) -> CheckResult:
    available = memory_available()
    if available is None:
        return CheckResult(Mark.LESS, "This system does not say how much memory is available.")
    workers = settings.workers
    wanted = workers * 0.6 * _GIB + 0.5 * _GIB
    most = workers * settings.memory
    text = f"{available / _GIB:.1f} GiB of memory are available for {workers} workers"
    if available < wanted:
        return CheckResult(Mark.LESS, f"{text}; {wanted / _GIB:.1f} GiB are sensible: set WORKERS lower.")
    if available < most:
        return CheckResult(
            Mark.LESS,
            f"{text}: enough for usual files. Were every worker given the worst file at once, they might take "
            f"{most / _GIB:.0f} GiB; MEMORY_MEGABYTES and WORKERS decide that.",
        )
    return CheckResult(Mark.WELL, f"{text}, even with the worst files at once ({most / _GIB:.0f} GiB).")


def _disk(settings: Settings) -> CheckResult:
    place = next(one for one in (settings.data_dir, *settings.data_dir.parents) if one.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / _GIB:.1f} GiB are free for the database ({settings.data_dir})"
    return CheckResult(Mark.LESS, f"{text}: that is little.") if free < 2 * _GIB else CheckResult(Mark.WELL, f"{text}.")


def _media(settings: Settings) -> CheckResult:
    if not settings.media_in_memory:
        return CheckResult(
            Mark.LESS,
            f"Uploaded files touch a disk while they wait ({settings.media_dir}): there is little shared memory.",
        )
    return CheckResult(Mark.WELL, "Uploaded files lie in memory while they wait, and never touch a disk.")


def _port(settings: Settings) -> CheckResult:
    where, problem = f"{settings.host}:{settings.port}", port_problem(settings)
    if problem is not None:
        return CheckResult(Mark.LESS, f"{where} is taken just now ({problem}): by this server, or set PORT.")
    return CheckResult(Mark.WELL, f"{where} is free.")


def _front_end(_settings: Settings) -> CheckResult:
    if has_front_end():
        return CheckResult(Mark.WELL, "The browser's libraries are in place.")
    return CheckResult(Mark.STOP, "The browser's libraries are missing: run `make setup`.")


def _detector(settings: Settings) -> CheckResult:
    answer = ask_the_engine(settings.networks_folder)
    if answer is None:
        return CheckResult(Mark.STOP, "The engine does not start: `python -m analysis --version` says why.")
    name, reason = answer
    if reason is None:
        return CheckResult(Mark.WELL, f"The detector “{name}” answers.")
    return CheckResult(Mark.LESS, f"The detector “{name}” answers, not the better one: {reason}.")


def ask_the_engine(networks_folder: Path) -> tuple[str, str | None] | None:
    """Which detector answers, and why no better one does: from a process of its own, as only workers run the engine."""
    program = (
        "import json, pathlib, sys, analysis; print(json.dumps(analysis.which_detector(pathlib.Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(networks_folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 -- our own program
    if done.returncode:
        return None
    name, reason = json.loads(done.stdout)
    return name, reason


def _models(settings: Settings) -> CheckResult:
    weights = "resnet18-f37072fd.pth"
    places = [Path.home() / ".cache" / "torch" / "hub" / "checkpoints"]
    places += [settings.weights_folder] if settings.weights_folder else []
    if any((place / weights).is_file() for place in places):
        return CheckResult(Mark.WELL, f"The weights of the deep component ({weights}) are here.")
    return CheckResult(Mark.LESS, f"The deep component will say “not available”: {weights} is not on this machine.")


def _programs() -> Iterator[CheckResult]:
    wanted: list[tuple[str, str, str]] = [
        ("chromium", "chromium", "the browser tests"),
        ("ip", "iproute2", "the tests of fetching"),
        ("unshare", "util-linux", "the tests with hostile files"),
        ("make", "make", "the targets of the Makefile"),
    ]
    find: Callable[[str], str | None] = shutil.which
    missing = [(package, use) for command, package, use in wanted if not find(command)]
    for package, use in missing:
        yield CheckResult(
            Mark.LESS, f"The Debian package {package} is not installed: {use} need it, the product does not."
        )
    if not missing:
        yield CheckResult(Mark.WELL, "Everything that tests and development need beside Python is installed.")


if __name__ == "__main__":
    sys.exit(main())
