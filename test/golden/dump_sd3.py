"""Makes small random SD3 transformers with diffusers itself, and writes what they compute.

    python test/golden/dump_sd3.py test/golden

`sd3-plain` is built as SD3 is, `sd35-dual` as SD3.5 medium: RMS norms of q and k, a second attention over the image in its
first block. Both fit the text encoders of `pipeline/sd3-pipeline-tiny`, whose recorded prompt embeddings a guided
generation starts from. Weights are kept in bf16; everything is computed in float32 on the CPU.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
from safetensors.torch import load_file, save_file

COMMON = {
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
MODELS = {
    "sd3-plain": {"qk_norm": None, "dual_attention_layers": ()},
    "sd35-dual": {"qk_norm": "rms_norm", "dual_attention_layers": (0,)},
}


def main() -> None:
    golden = Path(sys.argv[1])
    for seed, (name, fields) in enumerate(MODELS.items()):
        model = random_model({**COMMON, **fields}, seed)
        model.save_pretrained(golden / name / "transformer")
        with torch.no_grad():
            wide = model.float()
            save_file(forward_pass(wide), golden / name / "io.safetensors")
            if name == "sd35-dual":
                tensors, call = guided_generation(wide, golden / "pipeline")
                save_file(tensors, golden / name / "generation.safetensors", {"call": json.dumps(call)})


def random_model(fields: dict, seed: int) -> SD3Transformer2DModel:
    model = SD3Transformer2DModel(**fields)
    generator = torch.Generator("cpu").manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() > 1:
            parameter.data = noise / parameter[0].numel() ** 0.5
        else:
            parameter.data = 1 + 0.2 * noise if "norm_" in name and name.endswith("weight") else 0.1 * noise
    return model.to(torch.bfloat16)


def forward_pass(model: SD3Transformer2DModel) -> dict:
    """One call with two samples that are no squares: `in.*`, `mid.*` (blocks), `out.sample`."""
    generator = torch.Generator("cpu").manual_seed(11)
    inputs = {
        "hidden_states": torch.randn(2, 16, 4, 10, generator=generator),
        "encoder_hidden_states": torch.randn(2, 13, 48, generator=generator),
        "pooled_projections": torch.randn(2, 40, generator=generator),
        "timestep": torch.tensor([937.5, 120.0]),
    }
    middle = {}

    def keep(name: str):
        def hook(_module, _inputs, output) -> None:
            middle.update({f"mid.{name}.{i}": part.clone() for i, part in enumerate(output) if part is not None})

        return hook

    hooks = [block.register_forward_hook(keep(f"block{i}")) for i, block in enumerate(model.transformer_blocks)]
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
