"""The browser extension as the files people install: one source, one archive for each family of browsers.

Archives are the same bytes wherever they are made: entries in order, one moment, and stored as they are, because every
build of zlib compresses a little differently.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ..settings import ROOT, product_version

SOURCE = ROOT / "extension"
BROWSERS = ("chromium", "firefox")
_LEFT_OUT = {".md"}
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the oldest a zip archive can name


@dataclass(frozen=True)
class Package:
    """The extension for one family of browsers."""

    name: str
    version: str
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the archive, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Facts:
    """What the extension says of itself."""

    version: str
    permissions: tuple[str, ...]
    optional: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    """Keys, and what they do."""


@cache
def facts(source: Path = SOURCE) -> Facts:
    """Version, permissions and keys, from the manifest, in the words of its English texts."""
    manifest = _manifest(source)
    texts = msgspec.json.decode((source / "_locales" / "en" / "messages.json").read_bytes())

    def words(name: str, command: Mapping[str, Any]) -> str:
        said = str(command.get("description") or ("Open the popup" if name == "_execute_action" else name))
        key = said.removeprefix("__MSG_").removesuffix("__")
        return texts[key]["message"] if key != said else said

    return Facts(
        version=manifest["version"],
        permissions=tuple(manifest["permissions"]),
        optional=tuple(manifest.get("optional_host_permissions", ())),
        commands=tuple(
            (command["suggested_key"]["default"], words(name, command))
            for name, command in manifest["commands"].items()
            if "suggested_key" in command
        ),
    )


@cache
def package(browser: str, source: Path = SOURCE) -> Package:
    """The archive for ``chromium`` or ``firefox``.

    Raises
    ------
    ValueError
        When the extension's version is not the product's: they are released together.
    """
    manifest = _manifest(source)
    product = product_version()
    if manifest["version"] != product:
        raise ValueError(f"extension/manifest.json says version {manifest['version']}, the product is {product}")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if not path.is_file() or path.suffix in _LEFT_OUT or any(part.startswith(".") for part in Path(name).parts):
                continue
            data = _written(_for(browser, manifest)) if name == "manifest.json" else path.read_bytes()
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return Package(f"ai-media-detector-{browser}-{product}.zip", product, out.getvalue())


def _manifest(source: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((source / "manifest.json").read_bytes())
    return found


def _for(browser: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest without what the other browsers read, about which this one would complain."""
    foreign = {
        "chromium": ("browser_specific_settings", "scripts"),
        "firefox": ("minimum_chrome_version", "service_worker", "side_panel", "sidePanel"),
    }
    keys = foreign[browser]
    own = {key: value for key, value in manifest.items() if key not in keys}
    own["permissions"] = [name for name in manifest["permissions"] if name not in keys]
    own["background"] = {key: value for key, value in manifest["background"].items() if key not in keys}
    return own


def _written(manifest: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
