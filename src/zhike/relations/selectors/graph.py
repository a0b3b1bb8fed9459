"""Who hangs together with a customer, two steps out, as a picture that a phone can show.

Columns from left to right: the customer, those related to it, and those related to them. What each one is to the one
before stands within its box, so no line needs a label.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q
from django.utils.translation import gettext as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.relations.aspects import ASPECTS, Aspect, aspect_of
from zhike.relations.guarded import RELATION
from zhike.relations.models import Relation
from zhike.relations.selectors.related import Known, know

MOST_NEAR, MOST_FAR = 24, 36
FAR_OF_ONE = 6
MOST_READ = 2000  # relations at each step


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a picture is measured, in pixels. letters: how many widths of a Latin letter fit into a box."""

    width: int
    box: int
    high: int
    gap: int
    letters: int

    @property
    def columns(self) -> tuple[int, int, int]:
        return 1, (self.width - self.box) // 2, self.width - self.box - 1


WIDE = Shape(width=960, box=240, high=46, gap=12, letters=34)
NARROW = Shape(width=316, box=96, high=46, gap=10, letters=13)


@dataclass(kw_only=True)
class Node:
    """A customer in the picture. said: what it is to the one it hangs on. step: 0, 1 or 2 from the middle."""

    who: Known
    step: int
    said: str = ""
    over: bool = False
    below: "list[Node]" = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Tie:
    """Two that hang together besides: told in words, and as a dotted line."""

    first: Node
    second: Node
    said: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """middle: the customer with all that hangs on it. left_out: how many were not shown for want of room. aspects: what
    those next to it are, with how many there are of each, whatever the picture is narrowed to."""

    middle: Node
    ties: Sequence[Tie]
    left_out: int
    aspects: Sequence[tuple[Aspect, int]] = ()

    @property
    def has_masked(self) -> bool:
        return any(node.who.is_masked for node in self.nodes)

    @property
    def nodes(self) -> list[Node]:
        return [self.middle, *(node for near in self.middle.below for node in (near, *near.below))]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A node on paper. name, said: cut to the room there is; title: all of it."""

    node: Node
    x: int
    y: int
    name: str
    said: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """path: for SVG. title: what is not told by the boxes."""

    path: str
    is_over: bool = False
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    shape: Shape
    height: int
    boxes: Sequence[Box]
    lines: Sequence[Line]


def read_graph(*, actor: Actor, customer_id: int, aspect: str = "") -> Graph:
    """Two steps from a customer whom the caller has found visible. Beyond those who are masked nothing is told.

    aspect: only those next to it that are this to it.
    """
    if not fields.reads(actor, [RELATION]):
        return Graph(middle=Node(who=know(actor, {customer_id})[customer_id], step=0), ties=(), left_out=0)
    every = sorted(_rows([customer_id]), key=lambda row: _weight(row, customer_id))
    aspects = Counter(_aspect(row, customer_id).key for row in every)
    rows = [row for row in every if not aspect or _aspect(row, customer_id).key == aspect]
    ends = dict.fromkeys(_far(row, customer_id) for row in rows)
    near_ids = list(ends)[:MOST_NEAR]
    known = know(actor, {customer_id, *near_ids})
    seen = [pk for pk in near_ids if pk in known and not known[pk].is_masked]
    further = [row for row in _rows(seen) if customer_id not in (row.customer_id, row.other_id)]
    known |= know(actor, {end for row in further for end in (row.customer_id, row.other_id)} - known.keys())
    middle = Node(who=known[customer_id], step=0)
    placed = {customer_id: middle}
    for row in rows:
        _hang(row, middle, placed, known, room=MOST_NEAR - len(middle.below))
    left_out = len(ends) - len(middle.below)
    ties = []
    far, missed = 0, set()
    for row in further:
        start, end = (placed.get(pk) for pk in (row.customer_id, row.other_id))
        if start is not None and end is not None:
            if start.step != 0 and end.step != 0:
                ties.append(_tie(row, start, end))
            continue
        near = start or end
        if near is None or near.step != 1:
            continue
        if far >= MOST_FAR or len(near.below) >= FAR_OF_ONE:
            missed.add(_far(row, near.who.pk))
            continue
        far += _hang(row, near, placed, known, room=1)
    return Graph(
        middle=middle,
        ties=ties,
        left_out=left_out + len(missed - placed.keys()),
        aspects=[(one, aspects[one.key]) for one in ASPECTS.values() if one.key in aspects],
    )


def draw(graph: Graph, shape: Shape) -> Picture:
    """Where everything stands."""
    boxes: list[Box] = []
    lines: list[Line] = []
    step = shape.high + shape.gap
    row = 0
    spots: dict[int, Box] = {}
    for near in graph.middle.below:
        rows = max(1, len(near.below))
        box = _box(near, shape, y=row * step + (rows - 1) * step // 2)
        spots[near.who.pk] = box
        boxes.append(box)
        for place, far in enumerate(near.below):
            spots[far.who.pk] = other = _box(far, shape, y=(row + place) * step)
            boxes.append(other)
            lines.append(_line(box, other, shape, is_over=far.over))
        row += rows
    height = max(1, row) * step - shape.gap
    # Where the picture is long, the customer stands where one begins to read.
    top = min((height - shape.high) // 2, 3 * step)
    middle = _box(graph.middle, shape, y=top)
    spots[graph.middle.who.pk] = middle
    lines += [_line(middle, spots[near.who.pk], shape, is_over=near.over) for near in graph.middle.below]
    lines += [_arc(spots[tie.first.who.pk], spots[tie.second.who.pk], shape, tie.said) for tie in graph.ties]
    return Picture(shape=shape, height=height + 2, boxes=[middle, *boxes], lines=lines)


def _rows(ids: Sequence[int]) -> list[Relation]:
    """What goes on before what is over, the latest first."""
    if not ids:
        return []
    found = Relation.objects.filter(Q(customer__in=ids) | Q(other__in=ids))
    return list(found.order_by(F("ended_on").desc(nulls_first=True), "-pk")[:MOST_READ])


def _weight(row: Relation, customer_id: int) -> tuple[bool, int, int, int]:
    """Whom there is room for first: what goes on, by kind, and of those who buy whoever decides."""
    roles = Relation.Role.values
    rank = roles.index(row.role) if row.role else len(roles)
    return row.ended_on is not None, _aspect(row, customer_id).order, rank, -row.pk


def _aspect(row: Relation, customer_id: int) -> Aspect:
    """What the other one is to this customer."""
    return aspect_of(row.kind, is_other_end=row.customer_id == customer_id)


def _hang(row: Relation, near: Node, placed: dict[int, Node], known: dict[int, Known], *, room: int) -> int:
    """Hang the other one on this node; how many were new."""
    pk = _far(row, near.who.pk)
    aspect = _aspect(row, near.who.pk)
    said = " · ".join(filter(None, [row.get_role_display() if row.role else "", str(aspect.label)]))
    if pk in placed:
        node = placed[pk]
        if node in near.below and said not in node.said:
            node.said = f"{node.said} · {said}"
        return 0
    if room <= 0 or pk not in known:
        return 0
    placed[pk] = node = Node(who=known[pk], step=near.step + 1, said=said, over=row.ended_on is not None)
    near.below.append(node)
    return 1


def _tie(row: Relation, start: Node, end: Node) -> Tie:
    word = str(aspect_of(row.kind, is_other_end=True).label)
    said = _("%(first)s → %(second)s: %(relation)s") % {
        "first": start.who.name,
        "second": end.who.name,
        "relation": word,
    }
    return Tie(first=start, second=end, said=said)


def _box(node: Node, shape: Shape, *, y: int) -> Box:
    said = node.said
    if node.over:
        said = _("%(relation)s (over)") % {"relation": said}
    return Box(
        node=node,
        x=shape.columns[node.step],
        y=y + 1,
        name=cut(node.who.name, shape.letters),
        said=cut(said, shape.letters + 2),
        title=" · ".join(filter(None, [node.who.name, said])),
    )


def _line(start: Box, end: Box, shape: Shape, *, is_over: bool) -> Line:
    x1, x2 = start.x + shape.box, end.x
    y1, y2 = (box.y + shape.high // 2 for box in (start, end))
    middle = (x1 + x2) // 2
    return Line(path=f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}", is_over=is_over)


def _arc(start: Box, end: Box, shape: Shape, said: str) -> Line:
    """Beside the boxes, for those who stand below one another."""
    y1, y2 = (box.y + shape.high // 2 for box in (start, end))
    if start.x != end.x:
        first, second = sorted((start, end), key=lambda box: box.x)
        return Line(path=_line(first, second, shape, is_over=False).path, title=said)
    x = start.x + shape.box
    bow = x + min(16, shape.columns[2] - x if start.node.step == 1 else 0)
    side = x if start.node.step == 1 else start.x
    bow = bow if start.node.step == 1 else start.x - 14
    return Line(path=f"M{side} {y1}C{bow} {y1} {bow} {y2} {side} {y2}", title=said)


def cut(text: str, letters: int) -> str:
    """As much as there is room for; a Han character takes that of two narrow letters, others a bit more than one."""
    room: float = letters
    for place, letter in enumerate(text):
        room -= 2 if ord(letter) > 0x2E80 else 1.2
        if room < 0:
            return f"{text[: max(1, place - 1)].rstrip()}…"
    return text


def _far(row: Relation, customer_id: int) -> int:
    return row.other_id if row.customer_id == customer_id else row.customer_id
