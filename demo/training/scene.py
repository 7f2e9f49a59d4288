"""What a scene holds: objects with shape, colour, size, material and pattern, a relation, a ground, a sky.

A scene is sampled with Python's `random.Random` alone, so that a seed means the same picture everywhere. `parameters`
gives the 48 floats that renderer.cu reads.
"""

import math
import random
from dataclasses import dataclass, field

SHAPES = ("sphere", "cube", "cylinder", "cone", "ring", "diamond")
COLOURS = {
    "red": (0.78, 0.035, 0.03),
    "orange": (0.92, 0.30, 0.02),
    "yellow": (0.93, 0.72, 0.03),
    "green": (0.05, 0.48, 0.07),
    "teal": (0.02, 0.50, 0.48),
    "blue": (0.03, 0.11, 0.72),
    "purple": (0.30, 0.04, 0.52),
    "pink": (0.95, 0.32, 0.50),
    "white": (0.88, 0.88, 0.86),
}
SIZES = {"small": 0.46, "medium": 0.60, "large": 0.78}
MATERIALS = ("matte", "shiny", "metal")
MATERIAL_SHARES = (0.45, 0.37, 0.18)
PATTERNS = ("plain", "striped", "dotted", "checked")
GROUNDS = ("grass", "sand", "snow", "wood", "tiles", "water")
TIMES = ("dawn", "noon", "dusk", "night")
SKIES = ("clear", "cloudy")
# Of the first object to the second. Each has a mirror, so both orders are learnt.
RELATIONS = ("left of", "right of", "in front of", "behind", "on top of", "under")

FLOATS_PER_SCENE = 48
FLOATS_PER_THING = 13
FIRST_THING = FLOATS_PER_SCENE - 3 * FLOATS_PER_THING  # floats before the things
SUPPORTS = ("cube", "cylinder")


@dataclass
class Thing:
    shape: str
    colour: str
    size: str
    material: str
    pattern: str
    x: float = 0.0
    z: float = 0.0
    base: float = 0.0  # height of the surface that it stands on

    @property
    def radius(self) -> float:
        return SIZES[self.size]

    @property
    def half_height(self) -> float:
        return self.radius * {"cube": 0.82, "cylinder": 0.95, "ring": 0.97}.get(self.shape, 1.0)


@dataclass
class Scene:
    things: list[Thing]
    relation: str | None  # of things[0] to things[1]; None for a single thing
    ground: str
    time: str
    sky: str
    camera: tuple[float, float, float] = (1.7, 0.2, 0.0)  # height, pitch, yaw
    distance: float = 4.0  # of the camera from the middle
    seed: float = 0.0
    sun: float = 0.0
    yaws: list[float] = field(default_factory=list)


MIRRORS = {"right of": "left of", "behind": "in front of", "under": "on top of"}


def is_held_out(first: tuple[str, str], relation: str, second: tuple[str, str]) -> bool:
    """Combinations of (colour, shape) pairs and relation that training never shows: about one in twenty.

    "A left of B" and "B right of A" are one combination.
    """
    if relation in MIRRORS:
        first, relation, second = second, MIRRORS[relation], first
    text = "|".join((*first, relation, *second))
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value >> 7) % 20 == 0


def random_thing(rng: random.Random) -> Thing:
    pattern = rng.choice(PATTERNS) if rng.random() < 0.3 else "plain"
    material = rng.choices(MATERIALS, MATERIAL_SHARES)[0]
    return Thing(rng.choice(SHAPES), rng.choice(list(COLOURS)), rng.choice(list(SIZES)), material, pattern)


def sample_scene(rng: random.Random, things: int | None = None, held_out: bool = False) -> Scene:
    """A random scene; with `held_out` its first two things form a combination that training never shows."""
    count = things or rng.choices((1, 2, 3), (0.2, 0.65, 0.15))[0]
    while True:
        objects = [random_thing(rng) for _ in range(count)]
        # Two alike would make a caption ambiguous.
        if len({(thing.shape, thing.colour) for thing in objects}) < count:
            continue
        relation = rng.choice(RELATIONS) if count > 1 else None
        if relation is None:
            break
        a, b = objects[0], objects[1]
        top, support = (a, b) if relation == "on top of" else (b, a)
        if relation in ("on top of", "under") and (support.shape not in SUPPORTS or top.radius > support.radius):
            continue
        if is_held_out((a.colour, a.shape), relation, (b.colour, b.shape)) == held_out:
            break
    scene = Scene(objects, relation, rng.choice(GROUNDS), rng.choice(TIMES), rng.choice(SKIES))
    scene.seed = rng.random() * 60.0
    scene.sun = rng.uniform(-2.4, 2.4) if scene.time in ("noon", "night") else rng.choice((-1, 1)) * rng.choice((rng.uniform(0.1, 0.45), rng.uniform(0.55, 1.6)))
    # Near enough for things to be large: what a small thing is must show in a picture of 128² too.
    scene.distance = {1: 3.7, 2: 4.0, 3: 4.6}[count] + rng.uniform(-0.2, 0.2)
    height = rng.uniform(0.29, 0.40) * scene.distance
    aim = rng.uniform(0.85, 1.05) if relation in ("on top of", "under") else rng.uniform(0.58, 0.76)
    scene.camera = (height, math.atan2(height - aim, scene.distance), rng.uniform(-0.03, 0.03))
    scene.yaws = [rng.uniform(-0.7, 0.7) for _ in objects]
    place(scene, rng)
    return scene


def place(scene: Scene, rng: random.Random) -> None:
    """Positions the things so that the relation is plain to see."""
    things = scene.things
    a = things[0]
    if len(things) == 1:
        a.x, a.z = rng.uniform(-0.5, 0.5), rng.uniform(-0.4, 0.5)
        return
    b = things[1]
    centre = rng.uniform(-0.15, 0.15)
    if scene.relation in ("left of", "right of"):
        gap = (a.radius + b.radius) * 0.5 + rng.uniform(0.06, 0.28)
        sign = -1 if scene.relation == "left of" else 1
        a.x, b.x = centre + sign * gap, centre - sign * gap
        a.z, b.z = rng.uniform(-0.2, 0.3), rng.uniform(-0.2, 0.3)
    elif scene.relation in ("in front of", "behind"):
        front, back = (a, b) if scene.relation == "in front of" else (b, a)
        front.z = rng.uniform(-0.9, -0.65)
        back.z = front.z + front.radius + back.radius + rng.uniform(0.6, 1.1)
        # Far enough apart across the picture for the one behind to be seen.
        near, far = scene.distance + front.z, scene.distance + back.z
        apart = rng.choice((-1, 1)) * rng.uniform(0.75, 1.0) * (front.radius / near + back.radius / far)
        front.x, back.x = centre + 0.45 * apart * near, centre - 0.55 * apart * far
    else:
        top, support = (a, b) if scene.relation == "on top of" else (b, a)
        support.x = top.x = centre + rng.uniform(-0.25, 0.25)
        support.z = top.z = rng.uniform(-0.1, 0.4)
        top.base = 2 * support.half_height
    if len(things) == 3:
        c = things[2]
        side = rng.choice((-1, 1))
        reach = max(t.x * side + t.radius for t in things[:2])
        c.x = side * (reach + c.radius + rng.uniform(0.05, 0.3))
        c.z = rng.uniform(0.4, 1.4)
        shift = c.x * 0.32
        for thing in things:
            thing.x -= shift
        if abs(c.x) > 1.75:
            c.z += 1.0


def parameters(scene: Scene) -> list[float]:
    """The floats that renderer.cu reads."""
    values = [
        *scene.camera,
        TIMES.index(scene.time),
        {"clear": 0.0, "cloudy": 1.0}[scene.sky],
        GROUNDS.index(scene.ground),
        scene.seed,
        scene.sun,
        scene.distance,
    ]
    for index in range(3):
        if index >= len(scene.things):
            values += [0.0] * FLOATS_PER_THING
            continue
        t = scene.things[index]
        values += [
            SHAPES.index(t.shape), t.x, t.base + t.half_height, t.z, t.radius, math.cos(scene.yaws[index]), math.sin(scene.yaws[index]),
            *COLOURS[t.colour], MATERIALS.index(t.material), PATTERNS.index(t.pattern), 1.0,
        ]
    return values
