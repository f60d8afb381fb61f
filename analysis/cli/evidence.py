"""``python -m analysis bundle FILE`` and ``verify BUNDLE``: evidence that can be handed on, and checked by others."""

from __future__ import annotations

import argparse
import base64
import datetime
import io
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..bundle import checking, keys, making, time_stamp
from ..bundle.archive import BrokenBundle
from ..report import Report, Scoring, to_json
from .arguments import NETWORKS_FOLDER, cores_here
from .batch import examine_all
from .download import RefusedError, send
from .examine import Examiner
from .examined import Examined
from .inputs import Source
from .safe_text import printable
from .terminal import say

HOLDS, REFUSED, NONSENSE, UNKNOWN_KEY, INTERRUPTED = 0, 1, 2, 3, 130
OWN_KEY = Path(".config") / "ai-media-detector" / "signing.key"
"""In the user's home: made at first use, readable by its user alone."""

_MOST_BYTES = 100 * 1024 * 1024
_MOST_PIXELS = 50_000_000
_PICTURE = "data:image/"


def main(arguments: Sequence[str]) -> int:
    """Run one of the two; exit codes are in the help of each."""
    parser = argparse.ArgumentParser(prog="python -m analysis")
    commands = parser.add_subparsers(dest="command", required=True)
    _declare_bundle(commands.add_parser("bundle", help="analyze one file and write a signed evidence bundle"))
    _declare_verify(commands.add_parser("verify", help="check an evidence bundle, offline"))
    given = parser.parse_args(arguments)
    try:
        return bundle(given) if given.command == "bundle" else verify_bundle(given)
    except (RefusedError, time_stamp.StampRefused, ValueError, OSError) as problem:
        say(f"Not done: {printable(str(problem))}.")
        return REFUSED
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED


def bundle(given: argparse.Namespace) -> int:
    """Analyze a file, and write its bundle; the bundle appears only when it is whole."""
    signer = keys.load_or_make(given.key or Path.home() / OWN_KEY)
    examiner = Examiner(
        Scoring.CALIBRATED, frozenset(), cores_here(), _MOST_BYTES, _MOST_PIXELS, networks_folder=NETWORKS_FOLDER,
        animations=given.animations == "clip", lenses=True,
    )  # fmt: skip
    with closing(examine_all(examiner, [Source(given.file)], workers=1, timeout=given.timeout)) as answers:
        examined = next(answers)
    if examined.report.error is not None:
        say(f"{examined.report.path}: {examined.report.error.message}")
        return REFUSED
    kept = msgspec.structs.replace(examined.report, path=Path(str(examined.report.path)).name)
    written = to_json(kept)
    stamp = _stamp(given.time_stamp, written) if given.time_stamp else None
    target: Path = given.output or Path(f"{Path(given.file).name}.bundle.zip")
    _write(target, examined, kept, written, signer=signer, stamp=stamp, file=given.file if given.with_file else None)
    say(f"Written: {target}, signed with the key {keys.key_fingerprint(signer.public_key())}.")
    return HOLDS


def verify_bundle(given: argparse.Namespace) -> int:
    """Say in words what holds of a bundle."""
    known = {_fingerprint(one): f"a key you named, {one}" for one in given.key}
    own = Path.home() / OWN_KEY
    if own.exists():
        known.setdefault(keys.key_fingerprint(keys.load_or_make(own).public_key()), "your own key on this machine")
    try:
        with given.bundle.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            checked = checking.check(file, size, known, _roots(given.time_stamp_roots))
    except BrokenBundle as problem:
        say(f"✗ {printable(str(problem))}")
        say(f"{printable(str(given.bundle))} does not hold. Trust nothing in it.")
        return REFUSED
    for one in checked.statements:
        say(f"{'✓' if one.good else '·'} {printable(one.sentence)}")
    say(f"It says: {printable(f'{checked.headline.title}. {checked.report.summary}')}")
    return HOLDS if checked.known_as else UNKNOWN_KEY


def _declare_bundle(parser: argparse.ArgumentParser) -> None:
    parser.description = "Analyzes one file and writes an evidence bundle: report, pictures and hashes, signed."
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="ZIP", help="where it goes (default: FILE.bundle.zip here)"
    )
    parser.add_argument("--with-file", action="store_true", help="put the file itself into the bundle")
    parser.add_argument("--key", type=Path, metavar="PEM", help=f"sign with this Ed25519 key (default: ~/{OWN_KEY})")
    parser.add_argument(
        "--time-stamp", metavar="ADDRESS",
        help="have the report stamped by this RFC 3161 authority: it is sent the report's SHA-256 and nothing else",
    )  # fmt: skip
    parser.add_argument("--animations", choices=("still", "clip"), default="still", help="as for analyzing")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="default: %(default)g")


def _declare_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = "Checks an evidence bundle. Nothing is sent anywhere."
    parser.epilog = (
        "exit codes: 0 it holds, and its key is known; 1 it does not hold; 2 the command was not understood; "
        "3 it holds, but the key that signed it is not known here"
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--key", action="append", default=[], metavar="KEY",
        help="a key you trust: its fingerprint (64 hexadecimal digits) or a file with the public key; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--time-stamp-roots", type=Path, metavar="PEM", help="certificates of time-stamp authorities you trust"
    )


def _write(
    target: Path,
    examined: Examined,
    kept: Report,
    written: bytes,
    *,
    signer: Ed25519PrivateKey,
    stamp: bytes | None,
    file: str | None,
) -> None:
    from .html_report import single_page  # noqa: PLC0415 -- jinja2 is loaded only where a page is made

    lenses = {name: _bytes(address) for name, address in examined.lenses.items() if address.startswith(_PICTURE)}
    page = single_page(Examined(kept, written, examined.lenses, examined.strip))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as out, Path(file).open("rb") if file else io.BytesIO() as judged:
            making.make(
                written, page, lenses, out, signer=signer, analyzed_at=now, stamp=stamp, file=judged if file else None
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _stamp(address: str, written: bytes) -> bytes:
    answer = send(address, time_stamp.request(written), time_stamp.REQUEST_TYPE, time_stamp.LARGEST_ANSWER)
    stamped = time_stamp.read_stamp(answer, written)
    say(f"Stamped on {stamped.when} by “{printable(stamped.by)}”.")
    return answer


def _bytes(address: str) -> bytes:
    return base64.b64decode(address.partition(",")[2])


def _fingerprint(given: str) -> str:
    text = given.lower().replace(":", "").replace(" ", "")
    if len(text) == 64 and not set(text) - set("0123456789abcdef"):
        return text
    return keys.key_fingerprint(keys.public(Path(given).read_bytes()))


def _roots(given: Path | None) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(given.read_bytes()) if given else []
