"""The modules that are measured: generated ones, cached in `build/bench`, and published ones."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import models
from benchmarks.albert import albert
from benchmarks.folders import BENCH, REAL_MODULES
from benchmarks.inception import inception
from hubexplore.hub.resolve.archive import extract

BLOCKS: Final = 11  # per width: 89 convolutions, 447 variables, at least 4,000 nodes a variant
LAYERS: Final = 6  # about 2,900 nodes
CELLS: Final = 11  # all: 378 variables, 7,700 nodes without tags and 9,400 with "train"
SHARED_LAYERS: Final = 12  # 30 variables, 3,500 nodes without tags
CNN: Final = "(a) image CNN"
INCEPTION: Final = "(f) inception"
ALBERT: Final = "(g) albert"
VARIANTS: Final = [(set(), {"training": False}), ({"train"}, {"training": True})]


@dataclass(frozen=True)
class Subject:
    """One graph variant to measure, and the signature that is called.

    Attributes:
      name: in the table.
      path: module directory, or TF1 SavedModel if `saved_model`.
      drop: collections to drop from a SavedModel.
      targeted: whether the targets of the project apply to this subject.
    """

    name: str
    path: Path
    tags: tuple[str, ...] = ()
    trainable: bool = False
    signature: str = "default"
    saved_model: bool = False
    drop: tuple[str, ...] = ()
    targeted: bool = False

    def spec(self, api: Any) -> Any:
        """Reads the module's spec from its directory with the library `api`."""
        if self.saved_model:
            return api.create_module_spec_from_saved_model(str(self.path), drop_collections=list(self.drop))
        return api.load_module_spec(str(self.path))


def generated(api: Any, quick: bool = False) -> Iterator[Subject]:
    """Yields the generated modules; writes those that `build/bench` does not have yet.

    Args:
      api: the library that writes them.
      quick: a tenth of the size; cached separately.
    """
    # No targets for small models: their fixed costs dominate.
    size = "quick" if quick else "full"
    cnn = BENCH / size / "cnn"
    if not cnn.exists():
        models.author(api, cnn, partial(models.cnn, api, 1 if quick else BLOCKS), VARIANTS)
    yield Subject(CNN, cnn, targeted=not quick)
    yield Subject("(a) image CNN, train", cnn, ("train",), trainable=True, targeted=not quick)
    text = BENCH / size / "text"
    if not text.exists():
        models.author(api, text, partial(models.text, api, 1 if quick else LAYERS, _vocabulary()))
    yield Subject("(b) text", text)
    parts = BENCH / size / "partitioned"
    if not parts.exists():
        models.author(api, parts, partial(models.partitioned, api, *((2, 2) if quick else (20, 8))))
    yield Subject("(c) partitioned", parts)
    yield from _like_published(api, BENCH / size, quick)


def _like_published(api: Any, folder: Path, quick: bool) -> Iterator[Subject]:
    """Yields modules in the form of well-known published ones, each for inference and for training."""
    images, words = folder / "inception", folder / "albert"
    if not images.exists():
        models.author(api, images, partial(inception, api, 1 if quick else CELLS), VARIANTS)
    if not words.exists():
        build = partial(albert, api, 1 if quick else SHARED_LAYERS, _vocabulary())
        models.author(api, words, build, VARIANTS)
    for name, path, signature in ((INCEPTION, images, "default"), (ALBERT, words, "tokens")):
        yield Subject(name, path, signature=signature)
        yield Subject(f"{name}, train", path, ("train",), trainable=True, signature=signature)


def small() -> Iterator[Path]:
    """Yields published modules whose spec is read in milliseconds; none without their folder."""
    if REAL_MODULES.is_dir():
        yield _unpacked(REAL_MODULES / "half_plus_two_v1.tar.gz")
        yield from (REAL_MODULES / name for name in ("dm21", "vae3dshapes"))


def _vocabulary() -> Path:
    path = BENCH / "vocabulary.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{word}\n" for word in ["<none>", "hello", "world", *map(str, range(9_997))]))
    return path


def heavy(api: Any, megabytes: int) -> Path:
    """Returns the module whose checkpoint has `megabytes`; writes it if it does not exist yet."""
    path = BENCH / f"heavy-{megabytes}"
    if not path.exists():
        models.author(api, path, partial(models.heavy, api, megabytes))
    return path


def real() -> Iterator[Subject]:
    """Yields the published modules and SavedModels beside the project; none without their folder."""
    if not REAL_MODULES.is_dir():
        return
    yield Subject("(d) half_plus_two_v1", _unpacked(REAL_MODULES / "half_plus_two_v1.tar.gz"))
    yield Subject("(d) dm21", REAL_MODULES / "dm21")
    vae = REAL_MODULES / "vae3dshapes"
    yield Subject("(d) vae3dshapes", vae, signature="gaussian_encoder")
    yield Subject("(d) vae3dshapes, train", vae, ("train",), True, signature="gaussian_encoder")
    serve = partial(Subject, tags=("serve",), signature="serving_default", saved_model=True)
    yield serve("(e) half-plus-two SavedModel", REAL_MODULES / "half-plus-two-savedmodel")
    yield serve("(e) taxi SavedModel", REAL_MODULES / "taxi-estimator-savedmodel", drop=("summaries",))
    images = REAL_MODULES / "deep-image-savedmodel"
    yield serve("(e) deep-image SavedModel", images, drop=("summaries", "train_op"))


def _unpacked(archive: Path) -> Path:
    target = BENCH / archive.name.partition(".")[0]
    if not target.exists():
        target.mkdir(parents=True)
        with archive.open("rb") as file:
            extract(file, str(target), archive.name)
    return target


def values(infos: dict[str, Any]) -> dict[str, Any]:
    """Returns invented values for the dense inputs that `get_input_info_dict` lists; always the same.

    Unknown dimensions become 2. A sentence encoder, a parser of (empty) examples and a decoder of web-safe
    base64 accept the strings.
    """
    # A fixed seed: both libraries and every run get equal values.
    random = np.random.default_rng(0)
    made = {}
    # Sorted, so that the values do not depend on the order in which a library lists its inputs.
    for name, info in sorted(infos.items()):
        shape = info.get_shape()
        sizes = [2] if shape.rank is None else [size or 2 for size in shape.as_list()]
        dtype = info.dtype
        if dtype == "string":
            made[name] = np.full(sizes, _jpeg() if name == "images" else b"", object)
            if name in {"default", "sentences"}:
                made[name] = np.full(sizes, b"Hello, world", object)
        else:
            # Positive and away from zero, since some modules divide or take logarithms.
            made[name] = random.uniform(0.1, 1.0, sizes).astype(dtype.as_numpy_dtype)
    return made


def _jpeg() -> bytes:
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        encoded = session.run(tf.io.encode_jpeg(np.full([32, 32, 3], 128, np.uint8)))
    return base64.urlsafe_b64encode(encoded)
