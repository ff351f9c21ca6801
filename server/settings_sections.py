"""The sections of the settings tree: every setting, its default, and what it means."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    CONSOLE = "console"


class EncoderKind(StrEnum):
    """Where towers run."""

    EMBEDDED = "embedded"
    TRITON = "triton"


class Section(BaseModel):
    """A group of settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ServerSettings(Section):
    """Where the server listens and how much it takes on."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every interface."""
    port: Port = 8700
    """gRPC port; 0 lets the system choose one."""
    metrics_port: Port = 0
    """Port of the Prometheus page; 0 for none."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that answer on the port, each with all catalogs in its own memory; more than one
    need Linux. The kernel spreads connections over them, so callers shall open several."""
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Calls a process works on at one time; further ones are refused at once with
    RESOURCE_EXHAUSTED."""
    searches_at_once: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Searches a process works on at one time, of those it took; the others wait in the order they
    came. 0 for one more than the process has cores where towers and index engine run on them too,
    and for no limit where a search mostly waits for servers elsewhere."""
    max_imports: Annotated[int, Field(ge=1, le=100)] = 4
    """Import streams open at one time, counted apart from other calls."""
    call_threads: Annotated[int, Field(ge=0, le=2_000)] = 0
    """Threads of a process that answer calls; 0 for max_in_flight + max_imports + 8, so that a
    refusal never waits behind the work that is the reason for it."""
    product_cache_bytes: Annotated[int, Field(ge=0)] = 64 * 2**20
    """Memory of a process for products as replies showed them lately; 0 for none."""
    default_deadline_seconds: Seconds = 10.0
    """Time allowed to a call that brings no deadline of its own."""
    grace_seconds: Seconds = 10.0
    """Time that running calls are given to end when the server stops."""
    warm_up: Path | None = None
    """Workload file whose questions are asked before the server says that it serves; null for
    none. Without it the first searches find everything cold."""
    warm_up_seconds: Seconds = 60.0
    """Time that the warm-up may take at most."""
    record: Path | None = None
    """Workload file that answered searches are appended to, redacted, so that their load can be
    replayed; null for none. Words stay, but for e-mail addresses and long numbers."""
    page_token_key: SecretStr | None = None
    """Key that signs page tokens, at least 16 characters, the same on every replica; null for one
    kept in the store."""

    @model_validator(mode="after")
    def _enough(self) -> ServerSettings:
        if self.call_threads and self.call_threads < self.max_in_flight + self.max_imports:
            least = self.max_in_flight + self.max_imports
            raise ValueError(
                f"call_threads is {self.call_threads}; set it to 0 or to at least {least}"
            )
        key = self.page_token_key
        if key is not None and len(key.get_secret_value()) < 16:  # noqa: PLR2004 - said in the text
            raise ValueError("page_token_key is too short; take at least 16 random characters")
        return self

    @property
    def threads(self) -> int:
        """Size of the thread pool."""
        return self.call_threads or self.max_in_flight + self.max_imports + 8


class EncoderSettings(Section):
    """What turns words and pictures into vectors."""

    kind: EncoderKind = EncoderKind.EMBEDDED
    """Where towers run: `embedded` in this process, `triton` on a Triton server."""
    bundle: Path | None = None
    """Directory of the encoder bundle; null for the starter that ships."""
    beside: list[Path] = []
    """Directories of further bundles to open, for catalogs that were indexed with them."""
    shelf: Path | None = None
    """Folder of bundles that may be opened while the server runs; null for `bundles` in the data
    directory."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads of one tower's run in this process."""
    cache_bytes: Annotated[int, Field(ge=0)] = 64 * 2**20
    """Memory for the vectors of earlier queries; 0 for none."""
    twin: bool = True
    """Whether this process runs the towers itself while Triton is away, if it has their files."""


class TritonSettings(Section):
    """The Triton server that runs the towers, where encoder.kind is `triton`."""

    address: str = "127.0.0.1:8001"
    """HOST:PORT of its gRPC endpoint; not used when it is managed."""
    managed: bool = False
    """Whether the server starts a Triton of its own, watches it, and stops it at the end."""
    environment: Path = Path(".venv-triton")
    """Virtual environment of the managed Triton, made by `make triton`."""
    ready_seconds: Seconds = 120.0
    """Time a Triton is given to answer rightly before the server gives up starting."""
    instances: Annotated[int, Field(ge=1, le=64)] = 2
    """Copies of each tower that the managed Triton runs side by side, each with encoder.threads."""
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Requests under way to it at one time; further ones wait for as long as their deadline lets
    them."""
    rows_a_request: Annotated[int, Field(ge=1, le=1_024)] = 8
    """Most texts or pictures in one request and in one run of a managed Triton; larger batches are
    split and joined. A processor gains nothing from more, and two full requests could share a run
    while another copy stands idle; a GPU wants 32 and up."""
    shared_memory: Literal["auto", "on", "off"] = "auto"
    """Whether tensors go through system shared memory: `auto` where Triton is on this host."""
    cancel_calls: bool = False
    """Whether calls are cancelled whose callers have left; if not, they end by themselves, and in
    the queue with their callers' time. Triton up to 25.01 at least can crash on a cancelled call
    (triton-inference-server/server#8034)."""


class RetrievalSettings(Section):
    """How candidates are found."""

    uri: str | None = None
    """Milvus: a file for the embedded engine, or http://host:19530; null for vectors.db in the data
    directory."""
    index_type: Literal["FLAT", "AUTOINDEX"] = "FLAT"
    """How Milvus searches dense vectors: FLAT compares with every one, AUTOINDEX is made for
    millions and needs a Milvus server; the embedded engine takes FLAT."""
    candidates: Annotated[int, Field(ge=1, le=1_000)] = 200
    """Candidates asked of each view."""
    lexical_weight: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.1
    """What the best word match adds to a cosine in retrieval order."""
    image_share_text_query: Share = 0.2
    """Share a of the picture in F = aI + (1 - a)T when a query is words."""
    image_share_picture_query: Share = 0.6
    """The same when a query has a picture."""


class RankingSettings(Section):
    """How candidates are put in order."""

    enabled: bool = True
    """Whether the model orders; otherwise retrieval order is served."""
    ranker: Path | None = None
    """Directory of the ranker served until another is promoted; null for the one that ships."""
    engine: Literal["auto", "lightgbm"] = "auto"
    """What runs the trees: `auto` for ONNX Runtime where its scores agree with LightGBM's on the
    version's stored rows, `lightgbm` for LightGBM alone."""
    variety: Share = 0.1
    """Strength of variety when the model orders; 0 for none."""
    swap_share: Share = 0.0
    """Share of the model's searches in which the first place is swapped with a later one at random:
    what it costs in order it gives in knowledge of how much position alone does."""


class FeedbackSettings(Section):
    """What is kept of searches and of what shoppers do with them."""

    keep_days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] = 90.0
    """Age at which events and recorded searches are erased; older events are refused."""
    keep_searches: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1_000_000
    """Recorded searches that are kept, the newest; a million take some 5 GB."""
    search_share: Share = 1.0
    """Share of searches that are recorded with the features of what they showed, to learn from."""
    places: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Places of each recorded search whose features are kept."""
    columns_share: Share = 0.01
    """Share of the recorded searches kept with all they were ranked by, for `ranker parity`."""
    personal: bool = True
    """Whether the order follows what the shopper did lately."""


class StoreSettings(Section):
    """Where products are kept."""

    url: SecretStr | None = None
    """SQLAlchemy URL (postgresql+psycopg://user:password@host/name); null for SQLite in the data
    directory."""


class LogSettings(Section):
    """What the server says of itself, on stderr."""

    format: LogFormat = LogFormat.CONSOLE
    """`json` for machines, `console` for people."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level written; info writes one line a call, without the text of queries."""
