"""List and extract further pictures of repositories that are in the manifest, where the label is certain.

``python -m training.extras --manifest manifest.csv --mirror FOLDER --out FOLDER``

Only repositories of the manifest are read, and only files whose label the repository itself states: the genuine
halves of the real-or-AI games, more of the face set, and more of two phone-photo sets. A fixed order and a cap per
rule keep the choice repeatable.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import subprocess
from pathlib import Path

from .command import say

# repository, path pattern, label, kind, generator or camera, cap
RULES = [
    ("olivaoriol/AIGameApp", r"^images/real/real_\d+\.jpg$", "real", "photo", "unknown (real-or-AI game)", 600),
    ("olivaoriol/AIGameApp", r"^images/ai/ai_(.+?)_\d+\.jpg$", "ai", "mixed", "", 300),
    ("rolandwolfsgruber-del/ForRealScan-Mini-Game-Real-or-AI", r"^imageReal\d+\.\w+$", "real", "photo",
     "unknown (real-or-AI game)", 200),
    ("kaivalyagandhi/ai-or-not-game", r"public/images/.*-human\.\w+$", "real", "photo", "unknown (real-or-AI game)",
     100),
    ("kaivalyagandhi/ai-or-not-game", r"public/images/.*-ai\.\w+$", "ai", "photo", "unknown (AI-or-not game pairs)",
     100),
    ("nyasha-r/deepfake-detector", r"^data/train/Real/", "real", "face", "FFHQ (140k real-and-fake set)", 700),
    ("nyasha-r/deepfake-detector", r"^data/train/Fake/", "ai", "face", "StyleGAN (140k real-and-fake set)", 700),
    ("alexeygrigorev/clothing-dataset-small", r"^train/.*\.jpg$", "real", "photo", "phones (crowd-sourced)", 700),
    ("marcusklasson/GroceryStoreDataset", r"^dataset/(train|test|val)/.*\.jpg$", "real", "photo", "phone", 700),
    ("wanghao137/gpt-image", r"^public/images/[^/]*(?<!-320)(?<!-480)(?<!-640)(?<!-960)\.(jpg|png)$", "ai", "mixed",
     "gpt-image-2", 300),
]  # fmt: skip


def git(folder: Path, *words: str, data: bytes | None = None) -> bytes:
    """What a git command prints, run in a bare or ordinary repository."""
    return subprocess.run(["git", "-C", str(folder), *words], input=data, capture_output=True, check=False).stdout  # noqa: S603, S607


def find_git_folder(mirror: Path, repo: str) -> Path | None:
    """Where a fetched repository lies, or None."""
    folder = mirror / repo.replace("/", "+")
    for candidate in (folder / "repo", folder / "repo" / ".git", folder):
        if (candidate / "HEAD").exists():
            return candidate
    return None


def main() -> None:
    """Write the pictures and ``extras.csv``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    listed = {row["blob_sha"] for row in csv.DictReader(args.manifest.open())}
    rows = []
    for repo, pattern, label, kind, generator, cap in RULES:
        folder = find_git_folder(args.mirror, repo)
        if folder is None:
            say(f"not fetched: {repo}")
            continue
        commit = git(folder, "rev-parse", "HEAD").decode().strip()
        entries = []
        for line in git(folder, "ls-tree", "-r", "HEAD").decode(errors="replace").splitlines():
            head, path = line.split("\t", 1)
            sha = head.split()[2]
            match = re.search(pattern, path)
            if match and sha not in listed:
                entries.append((sha, path, generator or match.group(1)))
        taken = 0
        for sha, path, made_by in sorted(entries):  # by blob id: as good as a shuffle, and repeatable
            if taken >= cap:
                break
            data = git(folder, "cat-file", "blob", sha)
            if hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() != sha:  # noqa: S324 -- git's own id
                continue
            listed.add(sha)
            name = f"{label}/{repo.replace('/', '__')}/{sha[:12]}{Path(path).suffix.lower()}"
            (args.out / name).parent.mkdir(parents=True, exist_ok=True)
            (args.out / name).write_bytes(data)
            rows.append({"id": name, "label": label, "kind": kind, "generator_or_camera": made_by, "repo": repo,
                         "commit": commit, "path_in_repo": path, "blob_sha": sha, "source_group": repo})  # fmt: skip
            taken += 1
        say(f"{taken:5} {label:5} {repo}")
    with (args.out / "extras.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
