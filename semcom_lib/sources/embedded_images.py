"""Generated images for the demo: digits from pen strokes, coloured shapes and textures; named as such in every caption.

Pixels come from uniform draws by +, -, x, /, square roots and comparisons alone, which IEEE 754 rounds alike on every machine:
no sine, no matrix product, hence the same bytes everywhere.
"""

import numpy as np

from semcom_lib import seeds
from semcom_lib.arguments import check_integer

DIGIT_SIDE, TEXTURE_SIDE = 28, 32
TEXTURE_CLASSES = (
    *("disc", "ring", "square", "triangle", "cross"),
    *("horizontal stripes", "vertical stripes", "diagonal stripes", "checkerboard", "dots"),
)

_STROKES = (  # each digit's pen path in a unit square, x to the right, y down
    ((0.50, 0.05), (0.25, 0.15), (0.15, 0.50), (0.25, 0.85), (0.50, 0.95), (0.75, 0.85), (0.85, 0.50), (0.75, 0.15)),
    ((0.30, 0.25), (0.52, 0.05), (0.52, 0.50), (0.52, 0.95)),
    ((0.20, 0.25), (0.40, 0.06), (0.70, 0.10), (0.80, 0.30), (0.65, 0.55), (0.20, 0.95), (0.82, 0.95)),
    ((0.20, 0.12), (0.55, 0.05), (0.78, 0.22), (0.45, 0.47), (0.80, 0.68), (0.60, 0.93), (0.18, 0.88)),
    ((0.68, 0.95), (0.68, 0.50), (0.68, 0.05), (0.15, 0.65), (0.88, 0.65)),
    ((0.80, 0.06), (0.30, 0.06), (0.25, 0.45), (0.60, 0.42), (0.80, 0.65), (0.62, 0.92), (0.20, 0.90)),
    ((0.70, 0.05), (0.35, 0.30), (0.20, 0.65), (0.40, 0.95), (0.72, 0.88), (0.78, 0.62), (0.50, 0.50), (0.25, 0.62)),
    ((0.18, 0.06), (0.50, 0.06), (0.82, 0.06), (0.60, 0.50), (0.42, 0.95)),
    ((0.50, 0.48), (0.25, 0.25), (0.50, 0.05), (0.75, 0.25), (0.50, 0.48), (0.20, 0.75), (0.50, 0.95), (0.80, 0.75)),
    ((0.76, 0.35), (0.48, 0.50), (0.25, 0.30), (0.45, 0.06), (0.74, 0.15), (0.76, 0.35), (0.70, 0.65), (0.55, 0.95)),
)
_CLOSED = {0: 0, 6: 2, 8: 0}  # digit: the point at which its path ends again


def digits(num_images: int, seed: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten-looking digits, white on black: images uint8 (n, 28, 28), labels uint8 (n,), all ten equally often.

    Slant, size, place, stroke width, every point of the path and a little noise differ from image to image. Raises
    ValueError for a negative number of images.
    """
    rng = seeds.numpy_generator(seed, "embedded", "digits", split)
    labels = _labels(num_images, rng)
    points = _paths()[labels]  # (n, points, 2)
    points = points + rng.uniform(-0.04, 0.04, points.shape) - 0.5
    scale = rng.uniform(15.0, 20.0, (num_images, 1))
    slant, tilt = rng.uniform(-0.25, 0.25, (2, num_images, 1))
    squeeze = rng.uniform(0.65, 0.95, (num_images, 1))
    centre = DIGIT_SIDE / 2 - 0.5 + rng.uniform(-2.0, 2.0, (2, num_images, 1))
    x = centre[0] + scale * (squeeze * points[..., 0] - slant * points[..., 1])
    y = centre[1] + scale * (points[..., 1] + tilt * squeeze * points[..., 0])
    distance = _distance_to_path(x, y)
    half_width = rng.uniform(0.9, 1.7, (num_images, 1, 1))
    ink = np.clip(half_width + 0.5 - distance, 0.0, 1.0)
    level = rng.uniform(200.0, 255.0, (num_images, 1, 1)) * ink + rng.uniform(0.0, 12.0, ink.shape) * (ink > 0)
    return np.clip(np.rint(level), 0, 255).astype(np.uint8), labels


def _paths() -> np.ndarray:
    """The digits' paths with one number of points: (10, points, 2); a short path stays at its last point."""
    longest = max(map(len, _STROKES)) + 1
    paths = []
    for digit, points in enumerate(_STROKES):
        path = [*points, points[_CLOSED[digit]]] if digit in _CLOSED else list(points)
        paths.append(path + [path[-1]] * (longest - len(path)))
    return np.array(paths)


def _distance_to_path(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each pixel's distance to a path of straight pieces, x and y (n, points) in pixels -> (n, 28, 28)."""
    row, column = np.mgrid[:DIGIT_SIDE, :DIGIT_SIDE].astype(np.float64)
    nearest = np.full((len(x), DIGIT_SIDE, DIGIT_SIDE), np.inf)
    for i in range(x.shape[1] - 1):
        x0, y0 = x[:, i, None, None], y[:, i, None, None]
        dx, dy = x[:, i + 1, None, None] - x0, y[:, i + 1, None, None] - y0
        along = ((column - x0) * dx + (row - y0) * dy) / (dx * dx + dy * dy + 1e-9)
        along = np.clip(along, 0.0, 1.0)
        off_x, off_y = column - x0 - along * dx, row - y0 - along * dy
        nearest = np.minimum(nearest, off_x * off_x + off_y * off_y)
    return np.sqrt(nearest)


def textures(num_images: int, seed: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Five shapes and five textures in two colours each: images uint8 (n, 32, 32, 3), labels uint8 (n,), equally often.

    Colours, place, size, period, a shade across the picture and a little noise differ from image to image. Raises ValueError
    for a negative number of images.
    """
    rng = seeds.numpy_generator(seed, "embedded", "textures", split)
    labels = _labels(num_images, rng)
    cover = _cover(labels, rng)[..., None]  # (n, 32, 32, 1), 0 background .. 1 figure
    dark, bright = rng.uniform(10.0, 110.0, (num_images, 1, 1, 3)), rng.uniform(145.0, 245.0, (num_images, 1, 1, 3))
    inverted = rng.random((num_images, 1, 1, 1)) < 0.5
    figure, background = np.where(inverted, dark, bright), np.where(inverted, bright, dark)
    row, column = np.mgrid[:TEXTURE_SIDE, :TEXTURE_SIDE] / TEXTURE_SIDE - 0.5
    slope = rng.uniform(-30.0, 30.0, (2, num_images, 1, 1, 1))
    shade = slope[0] * row[..., None] + slope[1] * column[..., None]
    level = background + (figure - background) * cover + shade + rng.uniform(-6.0, 6.0, (*cover.shape[:3], 3))
    return np.clip(np.rint(level), 0, 255).astype(np.uint8), labels


def _cover(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How far each pixel belongs to the figure: (n, 32, 32) in 0..1, edges one pixel soft."""
    n = len(labels)
    row, column = np.mgrid[:TEXTURE_SIDE, :TEXTURE_SIDE].astype(np.float64)
    centre = TEXTURE_SIDE / 2 - 0.5 + rng.uniform(-4.0, 4.0, (2, n, 1, 1))
    x, y = column - centre[0], row - centre[1]
    size = rng.uniform(7.0, 11.0, (n, 1, 1))
    period = rng.uniform(5.0, 9.0, (n, 1, 1))
    phase = rng.uniform(0.0, 1.0, (2, n, 1, 1))
    rising = np.where(rng.random((n, 1, 1)) < 0.5, 1.0, -1.0)
    radius, box = np.sqrt(x * x + y * y), np.maximum(np.abs(x), np.abs(y))
    across, down = _wave(column / period + phase[0]), _wave(row / period + phase[1])
    inside = (  # above zero inside the figure, in pixels
        size - radius,
        np.minimum(size - radius, radius - 0.55 * size),
        0.85 * size - box,
        np.minimum(y + 0.8 * size, 0.7 * size - np.abs(x) - 0.5 * y),
        np.minimum(np.maximum(0.3 * size - np.abs(x), 0.3 * size - np.abs(y)), size - box),
        period * down,
        period * across,
        0.7 * period * _wave((column + rising * row) / (1.4 * period) + phase[0]),
        period * np.where(np.abs(across) < np.abs(down), across * np.sign(down), down * np.sign(across)),
        period * (np.minimum(across, down) - 0.02),
    )
    chosen = np.empty((n, *row.shape))
    for label, values in enumerate(inside):
        of_label = labels == label
        chosen[of_label] = np.broadcast_to(values, chosen.shape)[of_label]
    return np.clip(chosen + 0.5, 0.0, 1.0)


def _wave(phase: np.ndarray) -> np.ndarray:
    """A triangle wave of period 1 between -1/4 and 1/4."""
    return np.abs(phase - np.floor(phase) - 0.5) - 0.25


def _labels(num_images: int, rng: np.random.Generator) -> np.ndarray:
    check_integer("num_images", num_images, 0)
    return rng.permutation(np.arange(num_images) % 10).astype(np.uint8)
