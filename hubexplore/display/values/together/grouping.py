"""Which outputs of a run belong together."""

from __future__ import annotations

from hubexplore.display.values import view_choice
from hubexplore.display.values.together import (
    bands,
    boxes,
    clouds,
    keypoints,
    masks,
    positions,
    ranking,
    same_axis,
    scalars,
    series_columns,
    token_classes,
    tokens,
    voxels,
)
from hubexplore.display.values.together.remarks import echoes, nothing_found
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.summary.module_format import DEFAULT_OUTPUT

# What is drawn on the picture that went in says most; a table is what is left.
_FINDERS = (
    echoes.find_numbers,
    nothing_found.find,
    boxes.find,
    keypoints.find,
    masks.find,
    voxels.find,
    clouds.find,
    token_classes.find,
    positions.find,
    bands.find,
    series_columns.find,
    same_axis.find,
    tokens.find,
    ranking.find,
    scalars.find,
    echoes.find,
)


# Distances between rows: what an embedding is for, if there is nothing that can be read.
_OF_EMBEDDINGS = frozenset({view_choice.SIMILARITY, view_choice.MAP, view_choice.ONE_ROW})


def grouped(scene: Scene) -> list[Group | Member]:
    """Returns groups and single outputs; no output is in two groups.

    They are in the order of the first output of each. Embeddings follow groups, which say what was found;
    then come single numbers, and last what only repeats an input.
    """
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
    return sorted(items, key=_precedence) if any(map(_is_finding, items)) else items


def _is_finding(item: Group | Member) -> bool:
    return not isinstance(item, (Member, scalars.Scalars))


def _precedence(item: Group | Member) -> int:
    if isinstance(item, echoes.Echo):
        return 3
    if not isinstance(item, Member):
        return 2 if isinstance(item, scalars.Scalars) else 0
    array = item.array
    if array is None or item.name == DEFAULT_OUTPUT:
        return 0
    return 2 if not array.ndim else int(item.views[0] in _OF_EMBEDDINGS)
