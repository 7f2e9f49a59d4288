"""Makes small random transformers with diffusers itself, and writes what they compute.

    python test/golden/dump_transformers.py test/golden

`flux-tiny` is built as FLUX.1-dev is, `sd3-plain` as SD3, `sd35-dual` as SD3.5 medium: RMS norms of q and k, a second attention over
the image in its first block. The last two fit the text encoders of `pipeline/sd3-pipeline-tiny`, whose recorded prompt embeddings a
guided generation starts from. Weights are kept in bf16; everything is computed in float32 on the CPU.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel, SD3Transformer2DModel
from safetensors.torch import load_file, save_file

FLUX = {
    "attention_head_dim": 32,
    "axes_dims_rope": (8, 12, 12),
    "guidance_embeds": True,
    "in_channels": 16,
    "joint_attention_dim": 24,
    "num_attention_heads": 3,
    "num_layers": 2,
    "num_single_layers": 2,
    "patch_size": 1,
    "pooled_projection_dim": 20,
}
SD3 = {
    "attention_head_dim": 8,
    "caption_projection_dim": 16,
    "in_channels": 16,
    "joint_attention_dim": 48,
    "num_attention_heads": 2,
    "num_layers": 2,
    "out_channels": 16,
    "patch_size": 2,
    "pooled_projection_dim": 40,
    "pos_embed_max_size": 10,
    "sample_size": 8,
}


def main() -> None:
    golden = Path(sys.argv[1])
    models = {
        "sd3-plain": SD3Transformer2DModel(**SD3),
        "sd35-dual": SD3Transformer2DModel(**SD3, qk_norm="rms_norm", dual_attention_layers=(0,)),
        "flux-tiny": FluxTransformer2DModel(**FLUX),
    }
    for seed, (name, model) in enumerate(models.items()):
        fill_with_noise(model, seed)
        model.save_pretrained(golden / name / "transformer")
        with torch.no_grad():
            wide = model.float()
            inputs = flux_inputs() if name == "flux-tiny" else sd3_inputs()
            save_file(forward_pass(wide, inputs), golden / name / "io.safetensors")
            if name == "sd35-dual":
                tensors, call = guided_generation(wide, golden / "pipeline")
                save_file(tensors, golden / name / "generation.safetensors", {"call": json.dumps(call)})


def fill_with_noise(model: torch.nn.Module, seed: int) -> None:
    """Products keep their input's scale; biases are small, norms near 1."""
    generator = torch.Generator("cpu").manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() > 1:
            parameter.data = noise / parameter[0].numel() ** 0.5
        else:
            parameter.data = 1 + 0.2 * noise if "norm_" in name and name.endswith("weight") else 0.1 * noise
    model.to(torch.bfloat16)


def sd3_inputs() -> dict:
    """Two samples that are no squares."""
    generator = torch.Generator("cpu").manual_seed(11)
    return {
        "hidden_states": torch.randn(2, 16, 4, 10, generator=generator),
        "encoder_hidden_states": torch.randn(2, 13, 48, generator=generator),
        "pooled_projections": torch.randn(2, 40, generator=generator),
        "timestep": torch.tensor([937.5, 120.0]),
    }


def flux_inputs() -> dict:
    """One sample of 5 × 9 tokens. Time and guidance are small: at large angles float32 sinusoids differ between libraries."""
    generator = torch.Generator("cpu").manual_seed(11)
    ids = torch.zeros(45, 3)
    ids[:, 1] = torch.arange(45) // 9
    ids[:, 2] = torch.arange(45) % 9
    return {
        "hidden_states": torch.randn(1, 45, 16, generator=generator),
        "encoder_hidden_states": torch.randn(1, 12, 24, generator=generator),
        "pooled_projections": torch.randn(1, 20, generator=generator),
        "timestep": torch.tensor([0.25]),
        "guidance": torch.tensor([0.5]),
        "img_ids": ids,
        "txt_ids": torch.zeros(12, 3),
    }


def forward_pass(model: torch.nn.Module, inputs: dict) -> dict:
    """`in.*`, `mid.*` (blocks, of FLUX attention modules too), `out.sample`."""
    middle = {}

    def keep(name: str):
        def hook(_module, _inputs, output) -> None:
            if isinstance(output, tuple):
                middle.update({f"mid.{name}.{i}": part.clone() for i, part in enumerate(output) if part is not None})
            else:
                middle[f"mid.{name}"] = output.clone()

        return hook

    single = getattr(model, "single_transformer_blocks", ())
    hooks = []
    for start, blocks in (("block", model.transformer_blocks), ("single", single)):
        for i, block in enumerate(blocks):
            hooks.append(block.register_forward_hook(keep(f"{start}{i}")))
            if len(single) > 0:
                hooks.append(block.attn.register_forward_hook(keep(f"{start}{i}.attn")))
    sample = model(**inputs, return_dict=False)[0]
    for hook in hooks:
        hook.remove()
    return {f"in.{name}": value for name, value in inputs.items()} | middle | {"out.sample": sample}


def guided_generation(model: SD3Transformer2DModel, pipeline: Path) -> tuple[dict, dict]:
    """The loop of StableDiffusion3Pipeline with classifier-free guidance, in the layout of `arrowhead verify --pipeline`."""
    recorded = json.loads((pipeline / "pipeline.json").read_text())
    text = load_file(pipeline / "pipeline-dumps.safetensors")
    call = {
        "prompt": recorded["prompt"],
        "negative_prompt": recorded["negative"],
        "width": 112,
        "height": 64,
        "num_inference_steps": 3,
        "guidance_scale": 4.5,
        "max_sequence_length": recorded["max_sequence_length"],
        "seed": 5,
    }
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0)
    scheduler.set_timesteps(call["num_inference_steps"])
    context = torch.cat([text["sd3.negative_embeds"], text["sd3.prompt_embeds"]])
    pooled = torch.cat([text["sd3.negative_pooled"], text["sd3.pooled"]])
    generator = torch.Generator("cpu").manual_seed(call["seed"])
    latents = torch.randn(1, 16, call["height"] // 8, call["width"] // 8, generator=generator)
    tensors = {}
    for step, time in enumerate(scheduler.timesteps):
        both = torch.cat([latents] * 2)
        velocity = model(both, context, pooled, time.expand(2), return_dict=False)[0]
        unconditional, conditional = velocity.chunk(2)
        guided = unconditional + call["guidance_scale"] * (conditional - unconditional)
        latents = scheduler.step(guided, time, latents, return_dict=False)[0]
        tensors[f"latents.{step}"] = latents
    return tensors, call


if __name__ == "__main__":
    main()
