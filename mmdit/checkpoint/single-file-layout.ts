/** What people have in one .safetensors file, by the names of its tensors. */
interface Layout {
  readonly is: (has: (name: RegExp) => boolean) => boolean;
  /** Follows "is ". */
  readonly what: string;
}

const LAYOUTS: readonly Layout[] = [
  {
    is: (has) => has(/\.(lora_[AB]|lora_(up|down)|lora\.(up|down))\b/) || has(/\.(hada|lokr)_w1/),
    what: 'a LoRA: changes to a model, not a model. Merge it into its base model with diffusers (fuse_lora, save_pretrained) and give that folder',
  },
  {
    is: (has) =>
      has(/^model\.diffusion_model\./) &&
      (has(/^(text_encoders|cond_stage_model|conditioner)\./) || has(/^(vae|first_stage_model)\./)),
    what: 'an all-in-one checkpoint (ComfyUI, A1111): transformer, VAE and perhaps text encoders under names of their own',
  },
  {
    is: (has) => has(/^(model\.diffusion_model\.)?double_blocks\.\d+\.img_attn\./),
    what: "a FLUX transformer alone in Black Forest Labs' own layout",
  },
  {
    is: (has) => has(/^(model\.diffusion_model\.)?joint_blocks\.\d+\.x_block\./),
    what: "an SD3 transformer alone in Stability AI's own layout",
  },
  {
    is: (has) => has(/^single_transformer_blocks\.\d+\./) && has(/^x_embedder\./),
    what: "a FLUX transformer alone in diffusers' layout",
  },
  {
    is: (has) => has(/^transformer_blocks\.\d+\.attn\.add_q_proj\./) && has(/^pos_embed\./),
    what: "an SD3 transformer alone in diffusers' layout",
  },
  { is: (has) => has(/^encoder\.block\.\d+\.layer\.0\.SelfAttention\./), what: 'a T5 text encoder alone' },
  { is: (has) => has(/^text_model\.encoder\.layers\.\d+\./), what: 'a CLIP text encoder alone' },
  { is: (has) => has(/^decoder\.(up_blocks|up)\.\d+\./), what: 'a VAE alone' },
];

/** What tensors of these names are, to follow "is "; null for nothing known. */
export function describeLayout(names: readonly string[]): string | null {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  return LAYOUTS.find(({ is }) => is(has))?.what ?? null;
}
