"""Pictures of incoming products decoded on a few threads, ahead of the towers that encode them."""

from __future__ import annotations

from concurrent.futures import Executor, Future

from exporter.spec import ImageTower
from server.arrays import UInt8Array
from server.encoders.image import PictureError, prepare_picture
from server.errors import Violation
from server.ingest.incoming import IncomingProduct


class PictureDecoder:
    """Decodes in the background; Pillow lets go of the interpreter while it works."""

    def __init__(self, tower: ImageTower | None, *, pool: Executor) -> None:
        """Decode for a tower on the threads of ``pool``.

        Without a tower no picture is decoded and none is refused.
        """
        self._tower = tower
        self._pool = pool

    def start(self, item: IncomingProduct) -> Future[UInt8Array | Violation] | None:
        """Begin with an item's picture: pixels uint8 (h, w, 3) or why not; None without picture."""
        if item.picture is None or self._tower is None:
            return None
        return self._pool.submit(_decode, item.picture, tower=self._tower, field=item.picture_field)


def _decode(data: bytes, *, tower: ImageTower, field: str) -> UInt8Array | Violation:
    try:
        return prepare_picture(data, tower)
    except PictureError as error:
        return Violation(field=field, reason=error.reason, description=str(error))
