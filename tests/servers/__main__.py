"""Installs the servers named on the command line, each into a folder of its own."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.servers.running import HOME, NODE

PACKAGES = {
    "mastodon": ["mastodon-mock==0.6.1"],
    "matrix": ["matrix-synapse==1.163.2"],
    "bluesky": ["@atproto/pds@0.5.35", "@did-plc/server"],
}


def main(names: list[str]) -> int:
    if not names or set(names) - PACKAGES.keys():
        print(f"Name some of: {', '.join(PACKAGES)}.")
        return 2
    for name in names:
        folder = HOME / name
        folder.mkdir(parents=True, exist_ok=True)
        if name == "bluesky":
            _npm(folder)
        else:
            venv.create(folder, with_pip=True)
            binaries = folder / ("Scripts" if os.name == "nt" else "bin")
            subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
        print(f"{name} is installed in {folder}.")
    return 0


def _npm(folder: Path) -> None:
    """Node 22 from its package, copied out of the way of npm's tidying, then the server, compiled against it."""
    got = folder.parent / "node-package"
    got.mkdir(exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--prefix", got, "node@22"], check=True)
    packed = next(got.glob("node_modules/node/node_modules/node-*"), None) or next(got.glob("node_modules/node-*"))
    shutil.copytree(packed, NODE, dirs_exist_ok=True)
    shutil.rmtree(got)
    paths = {"PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}", "npm_config_nodedir": str(NODE)}
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    subprocess.run(
        ["npm", "install", "--silent", *PACKAGES["bluesky"]], cwd=folder, env={**os.environ, **paths}, check=True
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
