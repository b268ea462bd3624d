"""Masks and classes of pixels as colours over the picture that went in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.hover import MAX_CELLS, GridHover
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.together.bands import OF_ANOTHER_KIND
from hubexplore.display.values.together.on_picture import as_rgb, colour_of, titled
from hubexplore.display.values.together.scene import (
    BACKGROUNDS,
    Group,
    Member,
    Picture,
    Scene,
    are_ids,
    are_shares,
)
from hubexplore.display.values.value_kinds import is_number, is_text, item_text
from hubexplore.display.values.views.lists import text_grid
from hubexplore.display.values.views.plot import Figure, Texts, class_name, distinct_captions, row_name
from hubexplore.display.values.views.png import photo
from hubexplore.display.wording import counted, visible
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Mask"
OPACITY: Final = "opacity"
MAX_PICTURES: Final = 8
"""Maximum number of pictures."""
MAX_LISTED: Final = 12
"""Maximum number of classes in the legend."""
MAX_CLASSES: Final = 1024
"""Maximum number of classes of pixels; more are depths or other quantities."""
_MIN_SIDE: Final = 4
_MAX_BYTE_CLASSES: Final = 64
"""Bytes below this number are classes: a picture of them would be black."""
_MAX_IDS: Final = 256
"""Maximum number of different ids of things, which may be large numbers; more are a quantity."""
_MIN_SCORED: Final = 5
"""Minimum number of channels that are scores of classes; fewer may be a picture or a motion."""
_SAME_FORM: Final = 0.03
"""Share by which the ratio of the sides of a mask may differ from that of the picture."""
_MAX_BYTES: Final = 150_000
_SCREEN_SIDE: Final = 320
_SWATCH: Final = 12
_TRUTH: Final = ("no", "yes")
_SCORE_WORDS: Final = frozenset({"class", "classes", "logit", "logits", "score", "scores"})
"""Names of numbers for each class, where there are some for each pixel of the picture."""
_WORDS: Final = frozenset(
    {"mask", "masks", "segmentation", "segment", "semantic", "saliency", "matte", "alpha", "foreground"}
)


@dataclass(frozen=True)
class Mask:
    """Classes of pixels, or how much a pixel belongs to the foreground.

    Attributes:
      members: the one output.
      classes: int [pictures, height, width].
      strengths: float [pictures, height, width] from 0 to 1, by which the colour of a pixel is weakened.
      pictures: one for each mask.
      class_names: names by id.
      place: which part of the input the pictures are, such as a slice of a volume; "" for all of it.
    """

    members: tuple[Member, ...]
    classes: Array
    pictures: tuple[Picture, ...]
    strengths: Array | None = None
    class_names: tuple[str, ...] = ()
    place: str = ""

    @property
    def has_background(self) -> bool:
        """Whether class 0 stands for no class and stays without a colour."""
        name = self.class_names[0].strip().lower() if self.class_names else ""
        is_nothing = not name or name in BACKGROUNDS or self.class_names == _TRUTH
        return is_nothing and (bool(self.place) or bool(self.classes.any()))

    views = (VIEW,)
    controls = (Control(OPACITY, "Opacity", 0.0, 1.0, 0.55, 0.05),)

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        down, across = self.classes.shape[1:]
        return f"{down:,} × {across:,} pixels over the input"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        opacity = min(max(settings.get(OPACITY, self.controls[0].value), 0.0), 1.0)
        rows = distinct_captions(self.members[0].rows)
        names = distinct_captions(self.class_names)
        shown = range(min(len(self.pictures), MAX_PICTURES))
        present, counts = np.unique(self.classes[: len(shown)], return_counts=True)
        figures, hovers = [], []
        for number in shown:
            name = row_name(rows, number)
            pixels = self._blended(number, opacity)
            alt_text = f"{name}: the input with {counted(len(present), 'class')} of pixels as colours"
            picture, _ = photo(pixels, alt_text, _MAX_BYTES // len(shown), pixels.shape[1])
            figures.append(titled(picture, name, len(self.pictures) > 1 or bool(rows)))
            hovers.append(self._hover(number, names))
        order = np.argsort(-counts, kind="stable")
        coloured = [at for at in order if not (self.has_background and present[at] == 0)]
        total = int(counts.sum())
        body = [
            (_class_text(names, int(present[at])), f"{100 * int(counts[at]) / total:.1f} %") for at in order
        ]
        legend = [
            tag(
                "span",
                self._swatch(int(present[at])),
                " ",
                self._key_text(names, int(present[at])),
                class_="key",
            )
            for at in coloured[:MAX_LISTED]
        ]
        more = len(coloured) - len(legend)
        note = self.place + (f" … and {counted(more, 'class')} more." if more else "")
        if len(coloured) < len(order) and self.class_names != _TRUTH:
            note += f" {_class_text(names, 0)} has no colour."
        left = len(self.pictures) - len(shown)
        note += f" The first {len(shown)} of {len(self.pictures):,} rows." if left else ""
        html = join(*figures, tag("div", *legend, class_="keys"))
        # The swatches are pictures too, and have no tooltips.
        hovers += [None] * len(legend)
        return with_numbers(
            VIEW,
            Figure(html, tuple(hovers), note.strip()),
            lambda: text_grid(("class", "share of pixels"), body),
        )

    def _key_text(self, names: Texts, number: int) -> str:
        """Returns the name of a class in the legend: what is true is what the output is called."""
        is_true = self.class_names == _TRUTH and number == 1
        return visible(self.members[0].name) if is_true else _class_text(names, number)

    def _swatch(self, number: int) -> Markup:
        pixels = np.broadcast_to(_colours(np.array([[number]])), (_SWATCH, _SWATCH, 3)).astype(np.uint8)
        return photo(pixels, "", 2000, _SWATCH)[0]

    def _blended(self, number: int, opacity: float) -> Array:
        picture, classes = self.pictures[number].pixels, self.classes[number]
        # Both at one size: the picture's, enlarged if it is small, reduced if it is large.
        longest = max(picture.shape[:2])
        scale = max(1, _SCREEN_SIDE // longest) if longest < _SCREEN_SIDE else _SCREEN_SIDE / longest
        height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
        ground = _sampled(picture, height, width).astype(float)
        colours = _sampled(_colours(classes), height, width).astype(float)
        strength = np.full((height, width, 1), opacity)
        if self.strengths is not None:
            strength = strength * _sampled(self.strengths[number], height, width)[..., None]
        elif self.has_background:
            strength = strength * (_sampled(classes, height, width) != 0)[..., None]
        # The colours of the picture would change those of the classes, which the legend names.
        grey = np.clip(strength * 1.6, 0, 1)
        ground = ground * (1 - grey) + ground.mean(-1, keepdims=True) * grey
        blended: Array = (ground * (1 - strength) + colours * strength).round().astype(np.uint8)
        return blended

    def _hover(self, number: int, names: Texts) -> GridHover | None:
        classes = self.classes[number]
        if classes.size > MAX_CELLS:
            return None
        if self.strengths is None:
            texts = [_class_text(names, entry) for entry in classes.reshape(-1).tolist()]
        else:
            texts = [numerics.number_text(entry) for entry in self.strengths[number].reshape(-1).tolist()]
        places = (
            tuple(f"{word} {at}" for at in range(size))
            for word, size in zip(("row", "column"), classes.shape, strict=True)
        )
        down, across = classes.shape
        return GridHover((0.0, 0.0, 1.0, 1.0), down, across, tuple(texts), *places)


def _class_text(names: Texts, number: int) -> str:
    return class_name(names, number) if number < len(names) else f"class {number}"


def _colours(classes: Array) -> Array:
    """Returns a colour for each class, uint8 [..., 3]: class 0 is grey, since it is often the background."""
    palette = np.stack([as_rgb(colour_of(5)), *(as_rgb(colour_of(at)) for at in (0, 1, 2, 3, 4, 6, 7))])
    colours: Array = palette[np.where(classes == 0, 0, (classes - 1) % 7 + 1)]
    # Classes of one colour differ in brightness.
    shade = 1 - 0.18 * (np.maximum(classes - 1, 0) // 7 % 4)
    shaded: Array = (colours * shade[..., None]).astype(np.uint8)
    return shaded


def _sampled(array: Array, height: int, width: int) -> Array:
    """Returns an array [h, w, ...] at another size: each pixel is the nearest one."""
    rows = (np.arange(height) + 0.5) * array.shape[0] // height
    columns = (np.arange(width) + 0.5) * array.shape[1] // width
    sampled: Array = array[rows.astype(int)][:, columns.astype(int)]
    return sampled


def find(scene: Scene) -> Iterator[Group]:
    """Yields the masks of a scene: a class, a truth value or a share for each pixel of the picture."""
    if not scene.pictures:
        return
    for member, array in scene.numbers():
        instances = _instances(member, array, scene)
        if instances is not None:
            yield instances
            continue
        mask = _pixels_of(array, len(scene.pictures))
        if mask is None or not all(_has_form_of(mask.shape[1:3], picture) for picture in scene.pictures):
            continue
        group = _as_mask(member, mask, scene)
        if group is not None:
            yield group


def _instances(member: Member, array: Array, scene: Scene) -> Mask | None:
    """Returns masks [pictures, things, height, width], one for each thing, as classes of pixels."""
    array = array[..., 0] if array.ndim > 3 and array.shape[-1] == 1 else array
    stack = array[None] if array.ndim == 3 and len(scene.pictures) == 1 else array
    is_stack = stack.ndim == 4 and len(stack) == len(scene.pictures) and 1 < stack.shape[1] <= MAX_LISTED * 4
    if not is_stack or not all(_has_form_of(stack.shape[2:4], picture) for picture in scene.pictures):
        return None
    # Features have channels first too; those are neither true nor false, nor shares of a mask.
    beside = [
        array for shape in (stack.shape[:2], stack.shape[1:2]) for _, array in scene.siblings(member, shape)
    ]
    is_said = bool(member.words & _WORDS) or bool(beside)
    if not _is_truth(stack) and not (is_said and are_shares(stack)):
        return None
    belongs = stack if stack.dtype.kind == "b" else numerics.as_floats(stack) >= 0.5
    # Where two things overlap, the first one is in front: detectors return the surest one first.
    classes = np.where(belongs.any(1), belongs.argmax(1) + 1, 0)
    things = next((texts.reshape(-1, stack.shape[1])[0] for texts in beside if is_text(texts)), None)
    names = (
        [f"{member.name} {at}" for at in range(stack.shape[1])]
        if things is None or len(stack) > 1
        else [item_text(thing) for thing in things]
    )
    return Mask((member,), classes, scene.pictures, class_names=("background", *distinct_captions(names)))


def _is_truth(array: Array) -> bool:
    """Returns whether numbers are truth values: zeros and ones, some of each."""
    if array.dtype.kind == "b":
        return True
    is_integer = array.dtype.kind in "iu"
    return is_integer and array.min() == 0 and array.max() == 1


def _pixels_of(array: Array, count: int) -> Array | None:
    """Returns an array as [pictures, height, width, channels]; None if it has no such form."""
    if array.ndim == 2 and count == 1:
        return array[None, :, :, None]
    if array.ndim == 3 and len(array) == count:
        return array[..., None]
    if array.ndim == 3 and count == 1:
        return array[None]
    return array if array.ndim == 4 and len(array) == count else None


def _has_form_of(sides: tuple[int, int], picture: Picture) -> bool:
    height, width = picture.size
    is_large_enough = min(sides) >= _MIN_SIDE
    return is_large_enough and abs(sides[0] * width / (sides[1] * height) - 1) <= _SAME_FORM


def _as_mask(member: Member, mask: Array, scene: Scene) -> Mask | None:
    is_named = bool(member.words & _WORDS)
    if mask.shape[-1] > 1:
        # Numbers for each class of each pixel. Other channels are features, or a picture.
        is_whole = mask.shape[1:3] == scene.pictures[0].size
        is_said = is_named or mask.shape[-1] == len(scene.class_names)
        is_mask = _are_class_scores(mask, is_said or (is_whole and _may_be_scores(member, mask)))
        classes = mask.argmax(-1) if is_mask else mask[..., 0]
        return Mask((member,), classes, scene.pictures, class_names=scene.class_names) if is_mask else None
    flat = mask[..., 0]
    if flat.dtype.kind == "b":
        return Mask((member,), flat.astype(int), scene.pictures, class_names=_TRUTH)
    # Bytes from 0 to 255 are a picture, unless the name says otherwise.
    is_id = flat.dtype.kind == "i" or (flat.dtype.kind == "u" and flat.max() < _MAX_BYTE_CLASSES)
    if are_ids(flat) and (is_named or is_id) and flat.max() <= MAX_CLASSES:
        return Mask((member,), flat.astype(int), scene.pictures, class_names=scene.class_names)
    if are_ids(flat) and flat.dtype.kind in "iu" and flat.dtype.itemsize > 1:
        return _of_large_ids(member, flat, scene)
    if is_named and are_shares(flat):
        floats = numerics.clipped(numerics.as_floats(flat), 0.0, 1.0)
        return Mask((member,), (floats >= 0.5).astype(int), scene.pictures, floats, _TRUTH)
    return None


def _may_be_scores(member: Member, mask: Array) -> bool:
    """Returns whether numbers for each pixel of the whole picture may be those of classes.

    Features have a power of two of channels, classes seldom; and most features are never below 0.
    """
    if member.words & _SCORE_WORDS:
        return True
    channels = mask.shape[-1]
    is_odd = channels >= _MIN_SCORED and channels & (channels - 1) != 0
    return is_odd and not member.words & OF_ANOTHER_KIND and bool(mask.min() < 0)


def _of_large_ids(member: Member, flat: Array, scene: Scene) -> Mask | None:
    """Returns ids of things, such as a class times 1000 and a number, as classes from 0 on; 0 is nothing."""
    ids = np.unique(flat)
    if len(ids) > _MAX_IDS:
        return None
    ids = ids if ids[0] == 0 else np.concatenate([ids[:1] * 0, ids])
    names = ("", *(f"id {number}" for number in ids[1:].tolist()))
    return Mask((member,), np.searchsorted(ids, flat), scene.pictures, class_names=names)


def _are_class_scores(mask: Array, is_named: bool) -> bool:
    if not is_number(mask) or mask.dtype.kind in "iu" or mask.shape[-1] > MAX_CLASSES:
        return False
    return is_named or numerics.add_up_to_one(numerics.as_floats(mask[:, ::8, ::8]))
