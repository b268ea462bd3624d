"""Which outputs of a run belong together."""

from __future__ import annotations

from hubexplore.display.values.together import (
    bands,
    boxes,
    keypoints,
    masks,
    ranking,
    scalars,
    tokens,
    voxels,
)
from hubexplore.display.values.together.scene import Group, Member, Scene

# What is drawn on the picture that went in says most; a table is what is left.
_FINDERS = (
    boxes.find,
    keypoints.find,
    masks.find,
    voxels.find,
    bands.find,
    tokens.find,
    ranking.find,
    scalars.find,
)


def grouped(scene: Scene) -> list[Group | Member]:
    """Returns groups and single outputs, in the order of the first output of each; none is in two groups."""
    group_of: dict[str, Group] = {}
    for find in _FINDERS:
        for group in find(scene):
            names = [member.name for member in group.members]
            if not any(name in group_of for name in names):
                group_of.update(dict.fromkeys(names, group))
    items: list[Group | Member] = []
    for member in scene.outputs:
        group_or_none = group_of.get(member.name)
        if group_or_none is None:
            items.append(member)
        elif not any(item is group_or_none for item in items):
            items.append(group_or_none)
    return items
