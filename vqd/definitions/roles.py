"""What the inputs of a graph are to a person (prompts, seeds, models, …), and the keys of each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import lcm
from string import digits

from vqd.definitions.settable import Settable, Uses
from vqd.definitions.sketch import Entry
from vqd.domain.frozen import frozen
from vqd.domain.graph import Graph, Value, as_text
from vqd.domain.models import model_folder
from vqd.domain.param import MOST_SEED, Misfit, Param

_MOST_CHOICES = 12
"""Options that are listed in the definition; of more the servers tell."""
_UNBOUNDED = 1 << 31
"""What ComfyUI's nodes give as a bound where they have none is at least this."""


@frozen
class Role:
    """What a parameter is called, and where it stands among the others: the lowest rank first.

    `is_shared` says that inputs of one role which hold the same value are one parameter;
    `is_one_per_node` that those of one node are; `is_model` that the values are models' files;
    `is_plain` that nothing tells an input from any other, so that a person must want it.
    """

    name: str
    rank: int
    is_shared: bool = True
    is_one_per_node: bool = False
    is_model: bool = False
    is_plain: bool = False


SEED = Role("seed", 99)
PROMPT = Role("prompt", 10)
NEGATIVE = Role("negative", 11)
SIZE = Role("size", 20)
FRAMES = Role("frames", 30)
_TEXT = Role("text", 12, is_shared=False)
_LORA_STRENGTH = Role("lora_strength", 71, is_shared=False, is_one_per_node=True)

_NUMBERS = {
    "num_frames": FRAMES,
    "fps": Role("fps", 31),
    "frame_rate": Role("fps", 31),
    "multiplier": Role("multiplier", 32),
    "steps": Role("steps", 40),
    "cfg": Role("cfg", 41),
    "guidance": Role("guidance", 42),
    "denoise": Role("denoise", 45),
    "shift": Role("shift", 46),
    "scale_by": Role("scale", 50, is_shared=False),
    "megapixels": Role("megapixels", 50, is_shared=False),
    "strength": Role("strength", 60, is_shared=False),
    "strength_model": _LORA_STRENGTH,
    "strength_clip": _LORA_STRENGTH,
}
_NAMES = {
    "sampler_name": Role("sampler", 43),
    "scheduler": Role("scheduler", 44),
    "upscale_method": Role("method", 51),
}
_TEXTS = frozenset(
    ("text", "prompt", "text_g", "text_l", "clip_l", "t5xxl", "positive_prompt", "negative_prompt")
)
_MODELS: Mapping[str, str] = {
    "checkpoints": "checkpoint",
    "loras": "lora",
    "diffusion_models": "model",
    "text_encoders": "text_encoder",
    "style_models": "style_model",
    "hypernetworks": "hypernetwork",
    "audio_encoders": "audio_encoder",
    "upscale_models": "upscale_model",
    "latent_upscale_models": "upscale_model",
    "model_patches": "model_patch",
}
"""What a parameter is called that names a model of a folder, where not as the folder is."""


def role_of(one: Settable, graph: Graph, uses: Uses) -> Role:
    """Tell what an input is to a person."""
    if _is_seed(one):
        return SEED
    if isinstance(one.value, str):
        return _role_of_text(one, graph, uses)
    return _NUMBERS.get(one.meaning) or _plain(one)


def _role_of_text(one: Settable, graph: Graph, uses: Uses) -> Role:
    model = model_of(one)
    if model is not None:
        return Role(model[0], 70 if model[1] == "loras" else 80, is_model=True)
    if one.meaning in _NAMES:
        return _NAMES[one.meaning]
    if one.type == "STRING" and (one.is_multiline or one.meaning in _TEXTS):
        return _role_of_prompt(one, graph, uses)
    return _plain(one)


def _plain(one: Settable) -> Role:
    is_told = one.title != "" and one.told is not None
    own = "_".join(re.findall("[a-z0-9]+", one.title.lower()))
    name = own if is_told and one.class_type.startswith("Primitive") else one.meaning
    return Role(name or one.meaning, 90, is_shared=False, is_plain=not is_told)


def _is_seed(one: Settable) -> bool:
    if one.type != "INT" or isinstance(one.value, bool):
        return False
    words = f"{one.meaning} {one.title}".lower()
    is_drawn = bool(one.told and one.told.attributes.get("control_after_generate"))
    return "seed" in words or (is_drawn and not one.class_type.startswith("Primitive"))


def model_of(one: Settable) -> tuple[str, str] | None:
    """Give the usual name of a model that an input names, and ComfyUI's folder of it."""
    folder = model_folder(one.class_type, one.name)
    if folder is None:
        return None
    number = f"_{one.name[-1]}" if one.name[-1] in digits else ""
    return f"{_MODELS.get(folder, folder)}{number}", folder


def _role_of_prompt(one: Settable, graph: Graph, uses: Uses) -> Role:
    """Tell a positive prompt from a negative one by where its text goes, else by its title."""
    words = f"{one.meaning} {one.title}".lower()
    reached = {*_ends(one.node, graph, uses)}
    if "negative" in words or reached == {"negative"}:
        return NEGATIVE
    return PROMPT if reached or "prompt" in words or one.meaning in _TEXTS else _TEXT


def _ends(node: str, graph: Graph, uses: Uses) -> Iterator[str]:
    """Give the names of the inputs for conditioning that the outputs of a node come to first."""
    seen, ways = {node}, [node]
    while ways:
        for user, name in uses.get(ways.pop(), ()):
            is_guided = name == "conditioning" and "Guider" in str(graph[user]["class_type"])
            if name in ("positive", "negative") or is_guided:
                yield name
            elif user not in seen:
                seen.add(user)
                ways.append(user)


def keys_of(one: Settable) -> Entry:
    """Give the keys of the parameter that sets an input: its type, default, bounds and help."""
    model = model_of(one) if isinstance(one.value, str) else None
    if model is not None:
        keys = _model_keys(one, model[1])
    elif one.type == "COMBO" or one.meaning in _NAMES:
        keys = _choice_keys(one)
    elif isinstance(one.value, bool):
        keys = {"type": "bool", "default": one.value}
    elif isinstance(one.value, int | float):
        keys = _number_keys(one)
    else:
        keys = _text_keys(one)
    tooltip = one.told.attributes.get("tooltip") if one.told else None
    return {**keys, "help": _first_sentence(tooltip)} if isinstance(tooltip, str) else keys


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).split(". ")[0].rstrip(".") + "."


def _model_keys(one: Settable, folder: str) -> Entry:
    types = {"loras": "lora", "checkpoints": "checkpoint"}
    if folder in types:
        return {"type": types[folder], **_default(one.value)}
    return {"type": "model", "folder": folder, **_default(one.value)}


def _choice_keys(one: Settable) -> Entry:
    options = [as_text(option) for option in (one.told.options if one.told else None) or ()]
    default = as_text(one.value)
    if 0 < len(options) <= _MOST_CHOICES:
        listed = options if default in options else [*options, default]
        return {"type": "choice", "choices": [*listed], "default": default}
    source = f"{one.class_type}.{one.name}"
    return {"type": "choice", "choices_from": source, **_default(default)}


def _default(name: Value) -> Entry:
    """Give the default of what is named, but where the graph has no name that a job could give."""
    try:
        return {"default": Param("", "checkpoint").read(str(name))}
    except Misfit:
        return {}


def _number_keys(one: Settable) -> Entry:
    """Give the keys of a number; a bound that its value breaks is left out."""
    keys: Entry = {"type": "int" if one.type == "INT" else "float", "default": one.value}
    assert not isinstance(one.value, str)
    low, high, step = one.number("min"), one.number("max"), one.number("step")
    if low is not None and -_UNBOUNDED < low <= one.value:
        keys["min"] = _tidy(low)
    if high is not None and one.value <= high < _UNBOUNDED:
        keys["max"] = _tidy(high)
    if step is not None and step > 0 and step != 1:
        keys["step"] = _tidy(step)
    return keys


def _tidy(number: float) -> float:
    return int(number) if number == int(number) else number


def frame_keys(one: Settable) -> Entry:
    """Give the keys of a number of frames, which models take in fixed steps: 81 is 4 x 20 + 1."""
    keys = keys_of(one)
    step, low = one.number("step"), one.number("min")
    if step and low is not None and step > 1 and step == int(step) and low == int(low):
        plus = int(low) % int(step)
        if isinstance(one.value, int) and one.value % int(step) == plus:
            del keys["step"]
            keys |= {"multiple_of": int(step)} | ({"plus": plus} if plus else {})
    return keys


def size_keys(ones: Sequence[Settable]) -> Entry:
    """Give the keys of a size: what each side may be. `ones` are width and height, by node."""
    width, height = ones[0].value, ones[1].value
    lows = [low for one in ones if (low := one.number("min")) is not None]
    highs = [high for one in ones if (high := one.number("max")) is not None]
    steps = [int(step) for one in ones if (step := one.number("step")) and step == int(step)]
    keys: Entry = {"type": "size", "default": f"{width}x{height}"}
    sides = [one.value for one in ones if isinstance(one.value, int)]
    if lows and max(lows) <= min(sides):
        keys["min"] = max(1, int(max(lows)))
    if highs and max(sides) <= min(highs):
        keys["max"] = int(min(highs))
    multiple = lcm(*steps) if steps else 1
    if multiple > 1 and not any(int(number) % multiple for number in (*lows, *sides)):
        keys["multiple_of"] = multiple
    return keys


def seed_keys(ones: Sequence[Settable]) -> Entry:
    """Give the keys of a seed, with the lowest of the limits that its inputs have, if they have."""
    limits = [limit for one in ones if (limit := one.number("max")) is not None]
    most = min(limits, default=MOST_SEED)
    return {"type": "seed", "max": int(most)} if most < MOST_SEED else {"type": "seed"}


def _text_keys(one: Settable) -> Entry:
    keys: Entry = {"type": "text"}
    assert isinstance(one.value, str)
    if one.is_multiline or "\n" in one.value or one.meaning in _TEXTS:
        keys["multiline"] = True
    keys["default"] = one.value
    placeholder = one.told.attributes.get("placeholder") if one.told else None
    if isinstance(placeholder, str) and placeholder:
        keys["placeholder"] = placeholder
    return keys
