"""Makes photos of five kinds of things. They differ as real photos do, so that augmentation can help.

The form of the whole thing decides its label, and `augmentation` keeps it. Several parts of the thing show the label,
so a crop or an erased square does not hide it. Photos of one label differ in the side from which they were taken, tilt,
distance, place, proportions, colours, light and its direction, sharpness, noise and background. In a third of them,
something is in front of the thing.

Two properties of real photos make a few hundred of them hard to learn from. Colour says nothing about the label, as of
cups and houses: a network would learn it from a few photos, and no variation of the photos could add to that. The
background has shapes with edges, by which a network can learn its training photos by heart. So without augmentation,
`small_cnn` learns all 600 training photos, and knows about four fifths of the validation photos.
"""

import colorsys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIDE = 64
Points = npt.NDArray[np.float64]
Colour = tuple[int, int, int]


def _oval(x: float, y: float, width: float, height: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 24)
    return np.stack([x + width * np.cos(angles), y + height * np.sin(angles)], axis=1)


def _shape(*points: tuple[float, float]) -> Points:
    return np.array(points, float)


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return _shape((left, top), (right, top), (right, bottom), (left, bottom))


BODY, DETAIL, HOLE = 0, 1, 2
PARTS: dict[str, list[tuple[int, Points]]] = {
    "bottle": [
        (BODY, _box(-0.45, -0.2, 0.45, 1)),
        (BODY, _shape((-0.45, -0.2), (-0.17, -0.6), (0.17, -0.6), (0.45, -0.2))),
        (BODY, _box(-0.17, -0.85, 0.17, -0.6)),
        (DETAIL, _box(-0.22, -1, 0.22, -0.85)),
        (DETAIL, _box(-0.45, 0.15, 0.45, 0.6)),
    ],
    "cup": [
        (BODY, _oval(0.6, 0.1, 0.4, 0.45)),
        (HOLE, _oval(0.6, 0.1, 0.2, 0.25)),
        (BODY, _shape((-0.75, -0.6), (0.6, -0.6), (0.4, 0.8), (-0.55, 0.8))),
        (DETAIL, _oval(-0.075, -0.6, 0.67, 0.15)),
    ],
    "fish": [
        (DETAIL, _shape((0.4, 0), (1, -0.55), (0.85, 0), (1, 0.55))),
        (DETAIL, _shape((-0.3, -0.3), (0.1, -0.75), (0.3, -0.3))),
        (BODY, _oval(-0.2, 0, 0.8, 0.45)),
        (DETAIL, _oval(-0.6, -0.1, 0.1, 0.1)),
    ],
    "house": [
        (BODY, _box(-0.75, -0.15, 0.75, 0.9)),
        (DETAIL, _shape((-1, -0.15), (0, -1), (1, -0.15))),
        (DETAIL, _box(-0.15, 0.3, 0.2, 0.9)),
        (DETAIL, _box(0.35, 0.1, 0.6, 0.35)),
    ],
    "tree": [
        (DETAIL, _box(-0.15, 0.4, 0.15, 1)),
        (BODY, _shape((-0.75, 0.5), (0, -0.3), (0.75, 0.5))),
        (BODY, _shape((-0.6, 0.05), (0, -0.7), (0.6, 0.05))),
        (BODY, _shape((-0.45, -0.4), (0, -1), (0.45, -0.4))),
    ],
}
"""The parts of each thing, from the back to the front, from -1 to 1 to the right and downwards."""
LABELS = tuple(PARTS)
DULL, BRIGHT = (0, 0.4), (0.4, 0.9)
"""Saturations of the background and of things: a person can tell every thing from its background."""


def write(folder: Path, counts: dict[str, int]) -> None:
    """Write as many photos as ``counts`` says to a folder for each of its names, in a folder per label."""
    random = np.random.default_rng(0)
    for name, count in counts.items():
        for number in range(count):
            label = LABELS[number % len(LABELS)]
            path = folder / name / label / f"{number:03}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            _photo(label, random).save(path, quality=90)


def _photo(label: str, random: np.random.Generator) -> Image.Image:
    background = _background(random)
    image = background.copy()
    _draw_thing(image, background, label, random)
    if random.random() < 1 / 3:
        _fill(image, _clutter(random, 14), _colour(random, *DULL))
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 1)))
    right, down = random.uniform(-0.2, 0.2, 2)
    place = np.linspace(-1, 1, SIDE)
    light = random.uniform(0.55, 1.3) * (1 + right * place[None, :, None] + down * place[:, None, None])
    pixels = np.asarray(image) * light * random.uniform(0.8, 1.2, 3)
    return Image.fromarray((pixels + random.normal(0, 12, pixels.shape)).clip(0, 255).astype("uint8"))


def _background(random: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), _colour(random, *DULL))
    for _ in range(8):
        _fill(image, _clutter(random, SIDE / 2), _colour(random, *DULL))
    return image


def _clutter(random: np.random.Generator, largest: float) -> Points:
    """A shape with three to eight corners, somewhere."""
    angles = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 9)))
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return corners * random.uniform(5, largest, 2) + random.uniform(0, SIDE, 2)


def _draw_thing(image: Image.Image, background: Image.Image, label: str, random: np.random.Generator) -> None:
    size = random.uniform(15, 28)
    angle = np.radians(random.normal(0, 20))
    turned = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    width = random.uniform(0.7, 1.2) * random.choice([-1, 1])
    room = (SIDE / 2 - 0.8 * size) * 0.7
    centre = SIDE / 2 + random.uniform(-room, room, 2)
    colours = {BODY: _colour(random, *BRIGHT), DETAIL: _colour(random, *BRIGHT)}
    for kind, part in PARTS[label]:
        points = (part * (width, 1)) @ turned.T * size + centre
        if kind == HOLE:
            mask = Image.new("L", image.size)
            _fill(mask, points, 255)
            image.paste(background, mask=mask)
        else:
            _fill(image, points, colours[kind])


def _fill(image: Image.Image, points: Points, colour: Colour | int) -> None:
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in points], colour)


def _colour(random: np.random.Generator, dullest: float, brightest: float) -> Colour:
    """A colour of any hue; the numbers bound its saturation."""
    red, green, blue = colorsys.hsv_to_rgb(
        random.uniform(), random.uniform(dullest, brightest), random.uniform(0.35, 0.95)
    )
    return round(255 * red), round(255 * green), round(255 * blue)
