"""The two small text encoders: transformers' own classes, trained together with the transformer."""

import torch
from torch import nn

from .captions import BOS, EOS, PAD, TEXT_TOKENS, vocabulary

T5_WIDTH, CLIP_WIDTH = 128, 96


def new_t5() -> nn.Module:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(
            vocab_size=len(vocabulary()), d_model=T5_WIDTH, d_kv=32, d_ff=256, num_layers=2, num_heads=4, dropout_rate=0.0,
            feed_forward_proj="gated-gelu", pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD,
            is_encoder_decoder=False, use_cache=False, tie_word_embeddings=False,
        )
    )


def new_clip() -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary()), hidden_size=CLIP_WIDTH, intermediate_size=256, projection_dim=CLIP_WIDTH,
            num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=TEXT_TOKENS, hidden_act="quick_gelu",
            pad_token_id=PAD, bos_token_id=BOS, eos_token_id=EOS,
        )
    )


class TextEncoders(nn.Module):
    """CLIP ids and T5 ids [b, 32] → T5's last hidden state [b, 32, 128] and CLIP's pooled output [b, 96]."""

    def __init__(self) -> None:
        super().__init__()
        self.t5, self.clip = new_t5(), new_clip()

    def forward(self, clip_ids: torch.Tensor, t5_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.t5(input_ids=t5_ids).last_hidden_state, self.clip(input_ids=clip_ids).pooler_output
