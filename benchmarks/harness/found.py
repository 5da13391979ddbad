"""Everything that one run of the benchmark has measured."""

from __future__ import annotations

from dataclasses import dataclass

from harness.extras import Extras
from harness.measure import Measured
from harness.paced import Paced
from harness.twins import Twins


@dataclass(frozen=True, slots=True)
class Found:
    """The rounds, the latencies at constant rates, the two processes (with `more_problems`), and the rest."""

    measured: Measured
    paced: list[Paced]
    twins: Twins | None
    extras: Extras
    more_problems: list[str]

    @property
    def problems(self) -> list[str]:
        """Everything that was wrong with answers."""
        paced = [f"{each.contender.name}, at a rate: {each.problem}" for each in self.paced if each.problem]
        return [*self.measured.problems, *paced, *self.more_problems, *self.extras.problems]
