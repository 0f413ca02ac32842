"""The README's pictures: there, small, self-contained, and free of the paths of the machine that made them."""

import re

from PIL import Image

from tests.pictures import DEMO, REVIEW


def test_the_demo_s_picture_is_small_and_self_contained() -> None:
    assert DEMO.stat().st_size <= 100_000
    text = DEMO.read_text()
    assert "make&#160;demo" in text
    assert set(re.findall(r"https?://[^\"' )<]+", text.replace("http://www.w3.org/2000/svg", ""))) == set()
    assert "@font-face" not in text


def test_the_demo_s_picture_names_no_path_of_a_machine() -> None:
    text = DEMO.read_text().replace("&#160;", " ")
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|opt|Users|private|var|etc)\b", text)


def test_the_review_s_picture_is_small_and_as_wide_as_the_page() -> None:
    assert REVIEW.stat().st_size <= 200_000
    with Image.open(REVIEW) as picture:
        assert picture.width == 1280
        assert not picture.info.keys() & {"Comment", "Software", "Author"}
