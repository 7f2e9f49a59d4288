"""Decodes vae-tiny's latents in tiles with diffusers itself, and writes the picture.

    python test/golden/dump_tiled_vae.py test/golden

Tiles have 4 x 4 latents, as enable_tiling chooses for a VAE of sample_size 32. Float32 on the CPU.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

golden = Path(sys.argv[1]) / "vae-tiny"
vae = AutoencoderKL.from_config(AutoencoderKL.load_config(golden / "vae"), sample_size=32)
vae.load_state_dict(load_file(golden / "vae" / "diffusion_pytorch_model.safetensors"), strict=False)
vae.eval().enable_tiling()
latent = load_file(golden / "io.safetensors")["latent"]
with torch.no_grad():
    unscaled = latent / vae.config.scaling_factor + vae.config.shift_factor
    whole = load_file(golden / "io.safetensors")["image"]
    assert torch.allclose(vae.decoder(unscaled), whole, atol=1e-4), "not the weights that io.safetensors is of"
    picture = vae.decode(unscaled).sample
save_file({"picture": picture.contiguous()}, golden / "tiled.safetensors")
