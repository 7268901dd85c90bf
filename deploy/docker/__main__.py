"""`python -m deploy.docker prepare|secrets`: what the compose file needs, in plain words."""

import os
import subprocess
import sys
import time
from pathlib import Path

from deploy.docker import secrets_folder
from deploy.docker.client import NoImage
from deploy.docker.images import prepare, variables_for
from deploy.local.places import PartsMissing

HERE = Path(__file__).parent
USAGE = "usage: python -m deploy.docker prepare | secrets"
_BEGUN = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGUN:6.1f} s] {text}", file=sys.stderr, flush=True)


def _prepare() -> int:
    """The images, on stdout as variables of the compose file."""
    images = prepare(say)
    say("all images are here" if "collector" in images else "all images but the collector's are here")
    for name, value in variables_for(images).items():
        print(f"{name}={value}")
    return 0


def _secrets() -> int:
    folder = Path(os.environ.get("LANDA_SECRETS_FOLDER", HERE / "secrets"))
    port, id_port = os.environ.get("LANDA_PORT", "8443"), os.environ.get("LANDA_ID_PORT", "8444")
    domain = secrets_folder.DOMAIN
    secrets_folder.make(folder, f"https://{domain}:{port}", f"https://id.{domain}:{id_port}/realms/landa")
    say(f"the secrets are in {folder}")
    return 0


def main(arguments: list[str]) -> int:
    commands = {"prepare": _prepare, "secrets": _secrets}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]]()
    except (NoImage, PartsMissing, subprocess.CalledProcessError) as error:
        say(f"NOT PREPARED: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
