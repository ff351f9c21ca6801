"""Wires the pipeline and the explainer, which answer over the same parts."""

from __future__ import annotations

from dataclasses import dataclass

from server.candidate_finder import CandidateFinder
from server.catalog.catalogs import Catalogs
from server.explaining import Explainer
from server.learning_wiring import Learning
from server.observability import Metrics
from server.pipeline import Pipeline
from server.pipeline_options import PipelineOptions
from server.rankers.served import CurrentRanker
from server.ranking_stage import RankingStage
from server.recording import NoLog, RecordingOptions, SearchRecorder
from server.retrieval.analysis import Analyzer
from server.settings import Settings
from server.shopper_facts import NoPersons


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What answers searches, the same without a record of them, and what explains the answers."""

    pipeline: Pipeline
    unrecorded: Pipeline
    explainer: Explainer


def open_pipeline(
    settings: Settings,
    *,
    catalogs: Catalogs,
    analyzer: Analyzer,
    served: CurrentRanker,
    learning: Learning,
    metrics: Metrics,
) -> Answering:
    """Both, over open parts, which they do not close."""
    options = _options(settings)
    finder = CandidateFinder(
        catalogs=catalogs,
        analyzer=analyzer,
        persons=learning.profiles if settings.feedback.personal else NoPersons(),
        rules=learning.rules,
        options=options,
        observer=metrics,
    )
    ranking = RankingStage(served, options=options)
    recorder = SearchRecorder(learning.searches, options=_recording(settings))
    return Answering(
        pipeline=Pipeline(finder=finder, ranking=ranking, recorder=recorder, options=options),
        unrecorded=Pipeline(
            finder=finder,
            ranking=ranking,
            recorder=SearchRecorder(NoLog(), options=_recording(settings)),
            options=options,
        ),
        explainer=Explainer(finder=finder, ranking=ranking),
    )


def _options(settings: Settings) -> PipelineOptions:
    retrieval = settings.retrieval
    return PipelineOptions(
        candidates=retrieval.candidates,
        image_share_text_query=retrieval.image_share_text_query,
        image_share_picture_query=retrieval.image_share_picture_query,
        lexical_weight=retrieval.lexical_weight,
        variety=settings.ranking.variety,
        swap_share=settings.ranking.swap_share,
    )


def _recording(settings: Settings) -> RecordingOptions:
    feedback = settings.feedback
    return RecordingOptions(
        search_share=feedback.search_share,
        places=feedback.places,
        columns_share=feedback.columns_share,
    )
