"""Modules that take or return pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery import drawings
from tests.browser.gallery.exhibit import Exhibit, each_row, nothing
from tests.browser.panel import Panel

tf1 = tf.compat.v1
LABELS = Path(__file__).with_name("labels.txt")
COLOURS = {
    "sky": drawings.SKY, "grass": drawings.GRASS, "ball": drawings.BALL, "crate": drawings.CRATE,
    "sun": drawings.SUN,
}  # fmt: skip


def pictures(height: int, width: int) -> tf.Tensor:
    return tf1.placeholder(tf.float32, [None, height, width, 3], "images")


def scene_in(panel: Panel, folder: Path) -> None:
    panel.upload(folder / "scene.png")


def pixel_scores(images: tf.Tensor) -> tf.Tensor:
    """Returns how near each pixel is to the colours, [..., colours]."""
    colours = tf.constant(np.array(list(COLOURS.values())) / 255, tf.float32)
    return tf.nn.softmax(-60 * tf.reduce_sum((images[..., None, :] - colours) ** 2, -1))


def names_of_classes(ids: tf.Tensor) -> tf.Tensor:
    """Returns names for ids from a label file, which the module then carries."""
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(LABELS),
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
        ),
        "?",
    )
    return table.lookup(ids)


def classifier() -> None:
    """Says of what colour most pixels are."""
    images = pictures(60, 80)
    shares = tf.reduce_mean(pixel_scores(images), [1, 2])
    hub.add_signature(
        "default",
        {"images": images},
        {"probabilities": shares, "label": names_of_classes(tf.argmax(shares, 1))},
    )


def check_image(panel: Panel) -> None:
    scores = panel.output("probabilities")
    expect(scores.get_by_role("img").first).to_be_visible()
    expect(scores.get_by_label("View")).to_have_value("Scores")
    expect(panel.output("label")).to_contain_text("sky")


def edges() -> None:
    """Draws the outlines of a picture."""
    images = pictures(120, 160)
    gradient = tf.image.sobel_edges(tf.image.rgb_to_grayscale(images))
    hub.add_signature("default", {"images": images}, 1 - tf.clip_by_value(tf.norm(gradient, axis=-1), 0, 1))


def check_picture_out(panel: Panel) -> None:
    expect(panel.output("default").get_by_role("img").first).to_be_visible()
    expect(panel.output("default")).to_contain_text("Brightness")


def detector() -> None:
    """Finds three things, each of which two boxes surround."""
    images = pictures(120, 160)
    rows = tf.shape(images)[0]
    corners = [
        [0.31, 0.12, 0.8, 0.41],
        [0.41, 0.54, 0.88, 0.88],
        [0.08, 0.78, 0.26, 0.91],
        [0.3, 0.5, 0.8, 0.8],
    ]
    found = {
        "detection_boxes": each_row(corners, rows),
        "detection_class_entities": each_row(["ball", "crate", "sun", "crate"], rows),
        "detection_scores": each_row([0.93, 0.81, 0.46, 0.12], rows),
    }
    hub.add_signature("default", {"images": images}, found)


def check_boxes(panel: Panel) -> None:
    boxes = panel.output("detection_boxes, detection_scores, detection_class_entities")
    expect(boxes).to_contain_text("3 of 4 boxes with a score of at least 0.3.")
    expect(boxes.get_by_role("slider", name="Lowest score")).to_be_visible()


def segmenter() -> None:
    """Says of each pixel what it is."""
    images = pictures(120, 160)
    ids = tf.argmax(pixel_scores(images), -1)
    hub.add_signature("default", {"images": images}, {"classes": tf.cast(ids, tf.int32)})
    # The label file belongs to the module through this signature.
    hub.add_signature(
        "names", {"ids": (asked := tf1.placeholder(tf.int64, [None], "ids"))}, names_of_classes(asked)
    )


def check_mask(panel: Panel) -> None:
    mask = panel.output("classes")
    expect(mask.get_by_role("slider", name="Opacity")).to_be_visible()
    for name in COLOURS:
        expect(mask.locator(".key", has_text=name)).to_be_visible()


def pose() -> None:
    """Finds the joints of a person."""
    images = pictures(200, 160)
    places = np.array(list(drawings.JOINTS.values())) / [400, 320]
    scores = np.linspace(0.97, 0.15, len(places))[:, None]
    points = np.concatenate([places, scores], 1).astype(np.float32)
    hub.add_signature("default", {"images": images}, {"keypoints": each_row(points, tf.shape(images)[0])})


def person_in(panel: Panel, folder: Path) -> None:
    panel.upload(folder / "person.png")


def check_keypoints(panel: Panel) -> None:
    points = panel.output("keypoints")
    expect(points).to_contain_text("12 of 13 points with a score of at least 0.2.")


def film() -> None:
    """Shows a ball that jumps, in 40 frames."""
    heights = tf1.placeholder(tf.float32, [None], "height")
    time = tf.range(40.0) / 39
    bounce = tf.abs(tf.cos(time * 3 * np.pi)) * (1 - 0.6 * time)
    y = 52 - 40 * bounce[None] * tf.reshape(heights, [-1, 1])
    x = 8 + 48 * time
    down, across = tf.meshgrid(tf.range(64.0), tf.range(64.0), indexing="ij")
    distance = (down - y[..., None, None]) ** 2 + (across - x[None, :, None, None]) ** 2
    ball = tf.sigmoid(6 - distance / 8)[..., None]
    ground = tf.constant(drawings.SKY, tf.float32) / 255
    hub.add_signature("default", {"height": heights}, {"video": ball * [0.9, 0.4, 0.2] + (1 - ball) * ground})


def height_in(panel: Panel, folder: Path) -> None:
    panel.field("height").fill("1")


def check_video(panel: Panel) -> None:
    expect(panel.output("video").get_by_role("slider").first).to_be_visible()


def decoder() -> None:
    """Draws a face of six numbers."""
    latent = tf1.placeholder(tf.float32, [None, 6], "z")
    # Size, mouth, eyes, and the three colours of the ground.
    size, mouth, eyes, *colour = [tf.tanh(part)[:, None, None] for part in tf.unstack(latent, axis=1)]
    y, x = tf.meshgrid(tf.linspace(-1.0, 1.0, 64), tf.linspace(-1.0, 1.0, 64), indexing="ij")
    face = tf.sigmoid(40 * (0.75 + 0.15 * size - tf.sqrt(x**2 + y**2)))
    curve = tf.exp(-(((y - 0.3 - 0.5 * mouth * (0.3 - x**2)) / 0.05) ** 2)) * tf.sigmoid(
        40 * (0.4 - tf.abs(x))
    )
    eye = tf.exp(-((tf.abs(x) - 0.3) ** 2 + (y + 0.25) ** 2) / (0.008 + 0.006 * eyes))
    ink = face * (1 - tf.clip_by_value(curve + eye, 0, 1))
    ground = tf.stack([0.5 + 0.3 * part for part in colour], -1) * tf.ones([1, 64, 64, 1])
    images = ink[..., None] * [0.98, 0.82, 0.4] + (1 - face[..., None]) * ground
    hub.add_signature("default", {"z": latent}, {"images": images})


def sliders_on(panel: Panel, folder: Path) -> None:
    panel.fill("Zeros", rows=1)
    panel.node.get_by_label("Sliders for the numbers of the first row").check()


def check_latent(panel: Panel) -> None:
    expect(panel.node.locator(".hub-sliders").get_by_role("slider")).to_have_count(6)
    expect(panel.output("images").get_by_role("img").first).to_be_visible()


def volume() -> None:
    """Segments two balls in a volume."""
    size = tf1.placeholder(tf.float32, [None], "radius")
    grid = np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), -1)
    apart = [np.linalg.norm(grid - centre, axis=-1) for centre in ([16, 12, 12], [16, 20, 22])]
    hub.add_signature(
        "default",
        {"radius": size},
        {
            "organs": tf.sigmoid(
                tf.reshape(size, [-1, 1, 1, 1, 1]) - tf.constant(np.stack(apart, -1), tf.float32)
            )
        },
    )


def radius_in(panel: Panel, folder: Path) -> None:
    panel.field("radius").fill("8")


def check_volume(panel: Panel) -> None:
    expect(panel.output("organs")).to_contain_text("Slice 16 of 32")


def features() -> None:
    """Returns the maps of twelve filters."""
    images = pictures(48, 64)
    rng = np.random.default_rng(3)
    kernel = tf1.get_variable("kernel", initializer=rng.normal(0, 0.3, (5, 5, 3, 12)).astype(np.float32))
    hub.add_signature(
        "default", {"images": images}, {"maps": tf.nn.relu(tf.nn.conv2d(images, kernel, 1, "SAME"))}
    )


def check_features(panel: Panel) -> None:
    expect(panel.output("maps").get_by_role("img").first).to_be_visible()
    expect(panel.output("maps").get_by_label("Opacity")).to_have_count(0)


def emblem() -> None:
    """Returns a picture and what the module is, without any input."""
    y, x = tf.meshgrid(tf.linspace(-1.0, 1.0, 48), tf.linspace(-1.0, 1.0, 48), indexing="ij")
    rings = 0.5 + 0.5 * tf.cos(18 * tf.sqrt(x**2 + y**2))
    hub.add_signature(
        "default",
        {},
        {"version": tf.constant("rings 1.2, trained on circles"), "emblem": rings[None, ..., None]},
    )


def check_nothing(panel: Panel) -> None:
    expect(panel.output("version")).to_contain_text("rings 1.2")
    expect(panel.output("emblem").get_by_role("img").first).to_be_visible()


EXHIBITS = (
    Exhibit(
        "image", "A picture in, names out",
        "Scores stand under the names of the module's own label file; the answer in words comes first.",
        classifier, scene_in, check_image,
    ),
    Exhibit(
        "picture-out", "A picture in, a picture out",
        "A picture is shown as a picture, with what black and white stand for.",
        edges, scene_in, check_picture_out,
    ),
    Exhibit(
        "mask", "A mask",
        "Classes of pixels are colours over the picture that went in, with a legend and a slider of opacity.",
        segmenter, scene_in, check_mask,
    ),
    Exhibit(
        "boxes", "Boxes",
        "Boxes, classes and scores are one picture. The slider decides which boxes are sure enough.",
        detector, scene_in, check_boxes,
    ),
    Exhibit(
        "keypoints", "Keypoints",
        "Points are drawn where they are, with their number and score under the mouse.",
        pose, person_in, check_keypoints,
    ),
    Exhibit(
        "video", "A film",
        "Many frames are one picture with a slider.",
        film, height_in, check_video,
    ),
    Exhibit(
        "volume", "A volume",
        "A volume is shown slice by slice, one row for each channel.",
        volume, radius_in, check_volume,
    ),
    Exhibit(
        "features", "Feature maps",
        "Maps of a layer are tiles, so that they can be compared.",
        features, scene_in, check_features,
    ),
    Exhibit(
        "latent", "Latent sliders",
        "Each number of the latent vector has a slider, and the picture follows it.",
        decoder, sliders_on, check_latent,
    ),
    Exhibit(
        "nothing-in", "Nothing in",
        "A signature without inputs needs only Run.",
        emblem, nothing, check_nothing,
    ),
)  # fmt: skip
