"""Docker's command line, as far as images go."""

import subprocess
from collections.abc import Callable

Say = Callable[[str], None]


class NoImage(RuntimeError):
    """An image cannot be had; the message says which and why."""


def docker(*arguments: str, seconds: float = 900) -> str:
    """Run the client. Raises NoImage with what it said."""
    command = ["docker", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise NoImage(f"`docker {arguments[0]}` took longer than {seconds:.0f} s") from None
    if done.returncode != 0:
        raise NoImage((done.stderr + done.stdout[-3000:]).strip())
    return done.stdout.strip()


def is_here(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0


def pull(image: str) -> str | None:
    """None when it is here now, else why it cannot be pulled, in one line."""
    try:
        docker("pull", "--quiet", image, seconds=300)
    except NoImage as error:
        return str(error).splitlines()[-1][:160]
    return None
