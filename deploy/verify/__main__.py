"""`python -m deploy.verify [CANARY …]`: checks the running demo of this checkout; 1 when anything does not hold."""

import asyncio
import sys
import time

from deploy.local.places import places
from deploy.local.supervisor import running
from deploy.verify import site_here, verify


async def main(canaries: list[str]) -> int:
    where = places()
    facts = running(where.state)
    if "kafka" not in facts:
        print("No demo of this checkout is running: start it with `make demo`.", file=sys.stderr)
        return 2
    begun = time.monotonic()
    report = await verify(site_here(where, facts), canaries=canaries)
    print("\n".join(report.lines()))
    print(f"checked in {time.monotonic() - begun:.1f} s")
    return 1 if report.findings else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
