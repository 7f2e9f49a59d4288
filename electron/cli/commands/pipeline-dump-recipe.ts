/** Python that makes a dump for `verify --pipeline`, of a FLUX.1, SD3 or SD3.5 checkpoint. */
export const PIPELINE_DUMP_RECIPE = `    import json, torch
    from diffusers import DiffusionPipeline
    from safetensors.torch import save_file

    pipe = DiffusionPipeline.from_pretrained("FOLDER", torch_dtype=torch.float32)
    call = dict(prompt="a red cube", width=512, height=512, num_inference_steps=4, guidance_scale=3.5, max_sequence_length=256)
    text = dict(prompt_2=None, max_sequence_length=call["max_sequence_length"])
    names = ["prompt_embeds", "pooled_prompt_embeds"]
    if hasattr(pipe, "tokenizer_3"):  # SD3
        call["negative_prompt"] = text["negative_prompt"] = "blurry"
        text["prompt_3"] = None
        names = ["prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds"]

    tensors = {}
    def keep(pipe, step, time, values):
        tensors[f"latents.{step}"] = values["latents"].clone()
        return {}

    with torch.no_grad():
        tensors.update(zip(names, pipe.encode_prompt(call["prompt"], **text)))
        noise = torch.Generator("cpu").manual_seed(7)
        tensors["image"] = pipe(**call, generator=noise, output_type="pt", callback_on_step_end=keep).images
    for name in ["tokenizer", "tokenizer_2", "tokenizer_3"]:
        if tokenizer := getattr(pipe, name, None):
            length = pipe.tokenizer_max_length if "CLIP" in type(tokenizer).__name__ else call["max_sequence_length"]
            ids = tokenizer(call["prompt"], padding="max_length", max_length=length, truncation=True).input_ids
            tensors[f"tokens.{name}"] = torch.tensor(ids)
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    save_file(tensors, "dump.safetensors", {"call": json.dumps(call | {"seed": 7})})`;
