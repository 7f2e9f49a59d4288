"""AutoencoderKL: the decoder under diffusers' names (it ships), and a small encoder that training alone needs."""

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "_class_name": "AutoencoderKL",
    "act_fn": "silu",
    "block_out_channels": [32, 48, 64, 80],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "force_upcast": True,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 8,
    "layers_per_block": 1,
    "mid_block_add_attention": True,
    "norm_num_groups": 16,
    "sample_size": 512,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
    "latents_mean": None,
    "latents_std": None,
}
GROUPS = CONFIG["norm_num_groups"]


def norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


class Resnet(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = norm(inner), nn.Conv2d(inner, outer, 3, padding=1)
        self.norm2, self.conv2 = norm(outer), nn.Conv2d(outer, outer, 3, padding=1)
        if inner != outer:
            self.conv_shortcut = nn.Conv2d(inner, outer, 1)
        self.changes = inner != outer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return (self.conv_shortcut(x) if self.changes else x) + h


class Attention(nn.Module):
    """One head over all positions, with a residual."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.group_norm = norm(channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, h, w = x.shape
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = (f(tokens)[:, None] for f in (self.to_q, self.to_k, self.to_v))
        out = self.to_out[0](F.scaled_dot_product_attention(q, k, v)[:, 0])
        return x + out.transpose(1, 2).reshape(b, c, h, w)


class MidBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList([Resnet(channels, channels), Resnet(channels, channels)])
        self.attentions = nn.ModuleList([Attention(channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Upsampler(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class UpBlock(nn.Module):
    def __init__(self, inner: int, outer: int, upsample: bool) -> None:
        super().__init__()
        layers = CONFIG["layers_per_block"] + 1
        self.resnets = nn.ModuleList([Resnet(inner if i == 0 else outer, outer) for i in range(layers)])
        if upsample:
            self.upsamplers = nn.ModuleList([Upsampler(outer)])
        self.upsamples = upsample

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for resnet in self.resnets:
            x = resnet(x)
        return self.upsamplers[0](x) if self.upsamples else x


class Decoder(nn.Module):
    """Latent [n, 8, h, w] → image [n, 3, 8h, 8w] in about [−1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        channels = CONFIG["block_out_channels"][::-1]
        self.conv_in = nn.Conv2d(CONFIG["latent_channels"], channels[0], 3, padding=1)
        self.mid_block = MidBlock(channels[0])
        self.up_blocks = nn.ModuleList(
            [UpBlock(channels[max(i - 1, 0)], outer, i < len(channels) - 1) for i, outer in enumerate(channels)]
        )
        self.conv_norm_out = norm(channels[-1])
        self.conv_out = nn.Conv2d(channels[-1], 3, 3, padding=1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Encoder(nn.Module):
    """Image [n, 3, 8h, 8w] → mean and log-variance, [n, 16, h, w]."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 96, 128)
        layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(12, widths[0], 3, padding=1), Resnet(widths[0], widths[0])]
        for inner, outer in zip(widths, widths[1:]):
            layers += [nn.Conv2d(inner, outer, 3, stride=2, padding=1), Resnet(outer, outer)]
        layers += [Resnet(widths[-1], widths[-1]), norm(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], 2 * CONFIG["latent_channels"], 3, padding=1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        # Set from measured latents at the end of training: latents the transformer sees are (z − shift) · scale.
        self.register_buffer("shift", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return (self.encoder(x).float().chunk(2, 1)[0] - self.shift) * self.scale

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decoder(latents / self.scale + self.shift)

    def loss(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Total loss and plain L1. Half of the batch decodes latents at half size, which keeps them smooth (EQ-VAE)."""
        mean, log_variance = self.encoder(x).float().chunk(2, 1)
        log_variance = log_variance.clamp(-20, 10)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()
        half = len(x) // 4
        small = self.decoder(F.avg_pool2d(z[:half], 2)).float()
        full = self.decoder(z[half:]).float()
        sharp = multiscale_l1(full, x[half:])
        equivariant = F.l1_loss(small, F.avg_pool2d(x[:half], 2))
        return sharp + 0.25 * equivariant + 4e-4 * kl, F.l1_loss(full, x[half:])


def multiscale_l1(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """L1 on the picture and on its differences at four scales: edges weigh more than flat areas."""
    total = F.l1_loss(a, b)
    for _ in range(4):
        total = total + 0.5 * (
            F.l1_loss(a[..., 1:] - a[..., :-1], b[..., 1:] - b[..., :-1])
            + F.l1_loss(a[..., 1:, :] - a[..., :-1, :], b[..., 1:, :] - b[..., :-1, :])
        )
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return total
