"""Loads the checkpoint with diffusers and transformers themselves and writes what they compute, for test/golden/demo/.

    python demo/dump_reference.py --checkpoint demo/checkpoint --out FOLDER

Needs diffusers and transformers; runs on the CPU in float32. Fails where diffusers can't load the folder.
"""

import argparse
import json
from pathlib import Path

import torch
from diffusers import FluxPipeline
from safetensors.torch import save_file

PROMPTS = [
    "a large shiny red sphere left of a small blue cube on the grass at sunset",
    "A metallic orange DIAMOND, on the water!",
    "a xylophone behind a teal ring",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pipeline = FluxPipeline.from_pretrained(str(args.checkpoint), torch_dtype=torch.float32, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        dump_transformer(pipeline, args.out / "transformer-io.safetensors")
        dump_pipeline(pipeline, args.out)


def dump_transformer(pipeline, file: Path) -> None:
    """One forward pass: `in.*`, `mid.*` (blocks and attention modules), `out.sample`."""
    model = pipeline.transformer
    torch.manual_seed(11)
    config = model.config
    ids = torch.zeros(48, 3)
    ids[:, 1] = torch.arange(48) // 8
    ids[:, 2] = torch.arange(48) % 8
    inputs = {
        "hidden_states": torch.randn(1, 48, config.in_channels),
        "encoder_hidden_states": torch.randn(1, 32, config.joint_attention_dim),
        "pooled_projections": torch.randn(1, config.pooled_projection_dim),
        "timestep": torch.tensor([0.7]),
        "guidance": torch.tensor([3.5]),
        "img_ids": ids,
        "txt_ids": torch.zeros(32, 3),
    }
    middle: dict[str, torch.Tensor] = {}

    def keep(name):
        def hook(_module, _inputs, output):
            if isinstance(output, tuple):
                middle.update({f"mid.{name}.{i}": part.clone() for i, part in enumerate(output)})
            else:
                middle[f"mid.{name}"] = output.clone()

        return hook

    for i, block in enumerate(model.transformer_blocks):
        block.register_forward_hook(keep(f"block{i}"))
        block.attn.register_forward_hook(keep(f"block{i}.attn"))
    for i, block in enumerate(model.single_transformer_blocks):
        block.register_forward_hook(keep(f"single{i}"))
        block.attn.register_forward_hook(keep(f"single{i}.attn"))
    sample = model(**inputs, return_dict=False)[0]
    tensors = {f"in.{k}": v for k, v in inputs.items()} | middle | {"out.sample": sample}
    save_file({k: v.contiguous() for k, v in tensors.items()}, str(file))
    for part in (*model.transformer_blocks, *model.single_transformer_blocks):
        part._forward_hooks.clear()
        part.attn._forward_hooks.clear()


def dump_pipeline(pipeline, out: Path) -> None:
    """Token ids, text embeddings, a decoded latent, and a whole generation of 128×192 in 4 steps."""
    tokens = []
    for text in PROMPTS:
        rows = {"text": text}
        for name, tokenizer in (("clip", pipeline.tokenizer), ("t5", pipeline.tokenizer_2)):
            rows[name] = tokenizer(text, padding="max_length", max_length=32, truncation=True, return_tensors="pt").input_ids[0].tolist()
        tokens.append(rows)
    text, pooled, _ = pipeline.encode_prompt(PROMPTS[0], None, max_sequence_length=32)
    call = {"prompt": PROMPTS[0], "width": 192, "height": 128, "num_inference_steps": 4, "guidance_scale": 3.5, "max_sequence_length": 32}
    result = pipeline(**call, generator=torch.Generator("cpu").manual_seed(7), output_type="latent").images
    image = pipeline(**call, generator=torch.Generator("cpu").manual_seed(7), output_type="pt").images
    torch.manual_seed(3)
    latent = torch.randn(1, pipeline.vae.config.latent_channels, 6, 8)
    decoded = pipeline.vae.decode(latent / pipeline.vae.config.scaling_factor + pipeline.vae.config.shift_factor).sample
    tensors = {"text": text, "pooled": pooled, "latents": result, "image": image, "vae.latent": latent, "vae.image": decoded}
    save_file({k: v.contiguous().float() for k, v in tensors.items()}, str(out / "pipeline.safetensors"))
    (out / "pipeline.json").write_text(json.dumps({"call": call | {"seed": 7}, "tokens": tokens}, indent=1) + "\n")


if __name__ == "__main__":
    main()
