"""The trained model as a plain diffusers folder, and sheets of pictures."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from . import captions
from .flux import CONFIG as FLUX_CONFIG
from .judge import embed
from .parallel import DEVICE, ON_GPU
from .sampling import SCHEDULER, generate
from .state import TrainingState
from .vae import CONFIG as VAE_CONFIG

DIFFUSERS_VERSION = "0.35.0"
INDEX = {
    "_class_name": "FluxPipeline",
    "_diffusers_version": DIFFUSERS_VERSION,
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "tokenizer_2": ["transformers", "PreTrainedTokenizerFast"],
    "transformer": ["diffusers", "FluxTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_json(file: Path, value: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2) + "\n")


def write_weights(file: Path, tensors: dict[str, torch.Tensor], dtype: torch.dtype) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().to(dtype).contiguous().cpu() for k, v in tensors.items()}, str(file), metadata={"format": "pt"})


def export(state: TrainingState, folder: Path) -> None:
    write_json(folder / "model_index.json", INDEX)
    write_json(folder / "scheduler/scheduler_config.json", SCHEDULER | {"_diffusers_version": DIFFUSERS_VERSION})
    write_json(folder / "transformer/config.json", FLUX_CONFIG | {"_diffusers_version": DIFFUSERS_VERSION})
    write_weights(folder / "transformer/diffusion_pytorch_model.safetensors", state.ema.transformer.state_dict(), torch.bfloat16)
    scales = {"scaling_factor": round(state.vae.scale.item(), 4), "shift_factor": round(state.vae.shift.item(), 4)}
    write_json(folder / "vae/config.json", VAE_CONFIG | scales | {"_diffusers_version": DIFFUSERS_VERSION})
    decoder = {f"decoder.{k}": v for k, v in state.vae.decoder.state_dict().items()}
    write_weights(folder / "vae/diffusion_pytorch_model.safetensors", decoder, torch.float16)
    for name, clip, encoder in (("text_encoder", True, state.ema.encoders.clip), ("text_encoder_2", False, state.ema.encoders.t5)):
        encoder.save_pretrained(folder / name)
        weights = next((folder / name).glob("*.safetensors"))
        from safetensors.torch import load_file

        write_weights(weights, load_file(weights), torch.bfloat16)
        config = json.loads((folder / name / "config.json").read_text())
        write_json(folder / name / "config.json", config | {"dtype": "bfloat16"})
        tokenizer = folder / name.replace("text_encoder", "tokenizer")
        write_json(tokenizer / "tokenizer.json", captions.tokenizer_json(clip))
        write_json(tokenizer / "tokenizer_config.json", captions.tokenizer_config())


@torch.no_grad()
def picture_sheet(state: TrainingState, prompts: list[str], size: tuple[int, int], columns: int, file: Path, seed: int = 0, two_passes: bool = False) -> None:
    """One generated picture a prompt, in a grid. `two_passes`: classifier-free guidance, for a model before its distillation."""
    text, pooled = embed(state, prompts)
    options = {"guidance": state.guidance_weight, "free": embed(state, [""])} if two_passes else {}
    # Training goes on with its own random numbers.
    with torch.random.fork_rng([DEVICE] if ON_GPU else []):
        torch.manual_seed(seed)
        pictures = generate(state.ema.transformer, state.vae, text, pooled, size, **options)
    save_grid(pictures, columns, file)


def save_grid(pictures: torch.Tensor, columns: int, file: Path) -> None:
    from PIL import Image

    rows = [torch.cat(list(row), -1) for row in pictures.split(columns)]
    if len(rows) > 1 and rows[-1].shape[-1] != rows[0].shape[-1]:
        rows.pop()
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(torch.cat(rows, 1).permute(1, 2, 0).cpu().numpy()).save(file, quality=88)
