"""Which of ComfyUI's folders of models the choices of a node's input are read from."""

from collections.abc import Mapping

from vqd.domain.catalogue import NodeInput

MODEL_ENDINGS = (
    *(".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"),
    *(".gguf", ".onnx"),
)
"""How names of models end. Source: ComfyUI 0.3.64, folder_paths.py `supported_pt_extensions`, and
what widely used node packs read beside."""

_BY_INPUT: Mapping[str, str] = {
    "lora_name": "loras",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "photomaker_model_name": "photomaker",
    "audio_encoder_name": "audio_encoders",
}
_BY_CLASS_AND_INPUT: Mapping[tuple[str, str], str] = {
    ("CLIPVisionLoader", "clip_name"): "clip_vision",
    ("UpscaleModelLoader", "model_name"): "upscale_models",
    ("ModelPatchLoader", "name"): "model_patches",
    ("LatentUpscaleModelLoader", "model_name"): "latent_upscale_models",
}
"""Source: ComfyUI 0.3.64, folder_paths.py and nodes.py."""


def model_folder(class_name: str, input_name: str) -> str | None:
    """Give the folder by the name of a node's class and of its input; None if these tell none."""
    if input_name == "ckpt_name":
        return "checkpoints" if "Checkpoint" in class_name else None
    return _BY_CLASS_AND_INPUT.get((class_name, input_name), _BY_INPUT.get(input_name))


def listed_models(class_name: str, one: NodeInput) -> tuple[str, tuple[str, ...]] | None:
    """Give the folder that a server lists at an input, and the names of its models there.

    A folder that nothing tells has the name of the input, if all that it lists are files of models.
    None for an input that lists no models. What stands for none of them is left out.
    """
    names = tuple(
        option
        for option in one.options or ()
        if isinstance(option, str) and option.casefold() != "none"
    )
    folder = model_folder(class_name, one.name)
    if folder is None and names and all(name.lower().endswith(MODEL_ENDINGS) for name in names):
        folder = one.name
    return (folder, names) if folder is not None and one.options is not None else None
