from __future__ import annotations

import numpy as np

from server.encoders.recorder import RequestRecorder


def test_the_last_distinct_texts_are_kept() -> None:
    recorder = RequestRecorder(texts=3)
    for text in ("a", "b", "a", "c", "d"):
        recorder.text(text)
    assert recorder.texts() == ("a", "c", "d")


def test_pictures_are_copies_and_come_by_their_size() -> None:
    recorder = RequestRecorder(pictures=2)
    small = np.zeros((2, 3, 3), np.uint8)
    recorder.picture(np.ones((4, 4, 3), np.uint8))
    recorder.picture(small)
    small[:] = 9
    recorder.picture(np.full((2, 3, 3), 5, np.uint8))

    assert recorder.pictures(height=4, width=4) == ()
    assert [int(each.max()) for each in recorder.pictures(height=2, width=3)] == [0, 5]
