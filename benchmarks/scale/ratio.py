"""A whole text query at a million products over one at ten thousand, of builds that stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.results.intervals import Estimate
from benchmarks.scale.asked import shop_text
from benchmarks.scale.engines import ENGINES
from benchmarks.scale.kept import builds
from benchmarks.scale.measure import measured, standing
from benchmarks.scale.records import LARGE, SMALL, text_ratio
from benchmarks.scale.run import RATIO_ENGINE
from exporter.spec import STARTER_DIRECTORY


def million_over_ten_thousand(
    *,
    keep: Path,
    bundle: Path = STARTER_DIRECTORY,
    rounds: int = 5,
    tell: Callable[[str], None] = lambda _: None,
) -> Estimate | None:
    """The ratio on the real server, both sizes asked in turn.

    Only of builds that stand in ``keep``, where `omnishelf bench scale --keep` made them, for a
    million takes minutes to build; None where they do not.

    Raises:
        OmnishelfError: the server cannot be started, or fails.
    """
    own, engine = keep / RATIO_ENGINE, ENGINES[RATIO_ENGINE]
    # Before a bundle is opened for nothing.
    if {SMALL, LARGE} - {size for size, each in builds(own).items() if each.about == engine.about}:
        return None
    with shop_text(bundle, keep=keep) as text:
        stand = standing(engine, [text.shop(SMALL), text.shop(LARGE)], own)
        if len(stand) < len((SMALL, LARGE)):
            return None
        found = measured(
            engine, stand, own, asked=text.asked, encode=text.encode, rounds=rounds, tell=tell
        )
    return text_ratio(found)
