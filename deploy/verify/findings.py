"""What the checker says: what it compared, and everything that does not hold, by invariant."""

from collections.abc import Iterable
from dataclasses import dataclass, field

INVARIANTS = {
    "I1": "no loss",
    "I2": "no ghost",
    "I3": "once",
    "I4": "order",
    "I5": "fold",
    "I6": "sums",
    "I7": "audit",
    "I8": "parked",
    "I9": "alive",
    "I10": "bounded",
    "I11": "private",
}
SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold. `what` names subjects and events by id, never a person."""

    invariant: str
    what: str


@dataclass
class Report:
    """`events` were compared. `lost`, `doubled` and `out_of_order` are the counts behind I1, I3 and I4."""

    compared: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    events: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0

    def saw(self, invariant: str, what: str) -> None:
        self.compared.append(f"{invariant} {INVARIANTS[invariant]}: {what}")

    def found(self, invariant: str, what: str) -> None:
        self.findings.append(Finding(invariant, what))

    def found_all(self, invariant: str, what: str, which: Iterable[object]) -> int:
        """One finding per item, the first ones by name and the rest as a number. Returns how many there were."""
        items = sorted(map(str, which))
        for item in items[:SHOWN]:
            self.found(invariant, f"{what}: {item}")
        if len(items) > SHOWN:
            self.found(invariant, f"{what}: and {len(items) - SHOWN} more")
        return len(items)

    def lines(self) -> list[str]:
        """The report as it is printed."""
        order = list(INVARIANTS)
        compared = sorted(self.compared, key=lambda line: order.index(line.partition(" ")[0]))
        findings = sorted(self.findings, key=lambda f: order.index(f.invariant))
        bad = [f"VIOLATION {f.invariant} {INVARIANTS[f.invariant]}: {f.what}" for f in findings]
        verdict = f"{len(findings)} violations" if findings else "every invariant holds"
        return [*compared, *bad, f"{verdict}: {self.events:,} events compared"]
