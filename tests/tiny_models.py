"""Complete pipelines with random weights, saved as diffusers folders: the real classes, small and quick on a CPU.

`FOLDERS` maps a name to a function that makes one. Their pictures mean nothing; what is tested is how they are run.
"""

import json
from pathlib import Path

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _seed():
    import torch

    torch.manual_seed(0)


def _kl(channels=4, **more):
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        **more,
    )


def _clip(kind="CLIPTextModel", hidden=32):
    import transformers
    from transformers import CLIPTextConfig

    return getattr(transformers, kind)(
        CLIPTextConfig(
            hidden_size=hidden, intermediate_size=37, num_attention_heads=4, num_hidden_layers=3, vocab_size=49408,
            projection_dim=hidden, bos_token_id=49406, eos_token_id=49407, pad_token_id=49407,
        )
    )  # fmt: skip


def _unet(**more):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        **{
            "block_out_channels": (16, 32),
            "layers_per_block": 1,
            "sample_size": 32,
            "in_channels": 4,
            "out_channels": 4,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "cross_attention_dim": 32,
            "attention_head_dim": 4,
            "norm_num_groups": 4,
            **more,
        }
    )


def _steps(kind="DDIMScheduler"):
    import diffusers

    return getattr(diffusers, kind)(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)


def _flow(**more):
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**more)


def _qwen_tokenizer(**more):
    """Every byte is a token, with the marks that chat templates use."""
    from transformers import Qwen2Tokenizer

    from pipelines.clip_prompts import _byte_letters

    letters = _byte_letters()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    marks += ["<|video_pad|>"]
    tokenizer = Qwen2Tokenizer(
        vocab={letter: id for id, letter in enumerate(letters)}, merges=[], unk_token="<|endoftext|>", **more
    )
    tokenizer.add_special_tokens({"additional_special_tokens": marks, "pad_token": "<|endoftext|>"})
    tokenizer.chat_template = CHAT
    return tokenizer


def sd15(**unet):
    from diffusers import StableDiffusionPipeline

    from pipelines.clip_prompts import tokenizer

    _seed()
    return StableDiffusionPipeline(
        vae=_kl(), text_encoder=_clip(), tokenizer=tokenizer(), unet=_unet(**unet), scheduler=_steps(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def sd15_inpaint():
    return sd15(in_channels=9)


def sdxl():
    from diffusers import StableDiffusionXLPipeline

    from pipelines.clip_prompts import tokenizer

    _seed()
    unet = _unet(
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=96,
        cross_attention_dim=80, transformer_layers_per_block=(1, 2), use_linear_projection=True,
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=_kl(force_upcast=True), text_encoder=_clip(), text_encoder_2=_clip("CLIPTextModelWithProjection", 48),
        tokenizer=tokenizer(), tokenizer_2=tokenizer(pad="!"), unet=unet, scheduler=_steps("EulerDiscreteScheduler"),
    )  # fmt: skip


def _t5():
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((chr(at), -3.0) for at in range(32, 127))]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(Unigram(pieces, unk_id=2)), pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    config = T5Config(d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, vocab_size=128)
    return tokenizer, T5EncoderModel(config)


def flux1(guidance=False, kind="FluxPipeline"):
    import diffusers

    from pipelines.clip_prompts import tokenizer

    _seed()
    tokenizer_2, text_encoder_2 = _t5()
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=[4, 4, 8], guidance_embeds=guidance,
    )  # fmt: skip
    return getattr(diffusers, kind)(
        scheduler=_flow(shift=1.0 if not guidance else 3.0, use_dynamic_shifting=guidance),
        vae=_kl(4, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=_clip(), tokenizer=tokenizer(), text_encoder_2=text_encoder_2, tokenizer_2=tokenizer_2,
        transformer=transformer,
    )  # fmt: skip


def flux1_dev():
    return flux1(guidance=True)


def flux1_kontext():
    return flux1(guidance=True, kind="FluxKontextPipeline")


def _qwen3(layers):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        hidden_size=16, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=2,
        head_dim=8, vocab_size=300, max_position_embeddings=1024,
    )  # fmt: skip
    return Qwen3ForCausalLM(config)


def flux2_klein(distilled=True):
    from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline, Flux2Transformer2DModel

    _seed()
    transformer = Flux2Transformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=48, timestep_guidance_channels=16, axes_dims_rope=[4, 4, 4, 4],
    )  # fmt: skip
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4, norm_num_groups=4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=1, latent_channels=4,
    )  # fmt: skip
    return Flux2KleinPipeline(
        scheduler=_flow(), vae=vae, text_encoder=_qwen3(28), tokenizer=_qwen_tokenizer(), transformer=transformer,
        is_distilled=distilled,
    )  # fmt: skip


def flux2_klein_base():
    return flux2_klein(distilled=False)


def z_image():
    from diffusers import ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen3Model

    _seed()
    transformer = ZImageTransformer2DModel(
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=32, n_layers=2, n_refiner_layers=1, n_heads=2,
        n_kv_heads=2, cap_feat_dim=16, axes_dims=[8, 4, 4], axes_lens=[1024, 128, 128],
    )  # fmt: skip
    return ZImagePipeline(
        scheduler=_flow(shift=3.0), vae=_kl(4, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=Qwen3Model(_qwen3(2).config), tokenizer=_qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def _video_vae():
    from diffusers import AutoencoderKLQwenImage

    return AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True],
        latents_mean=[0.1, -0.1, 0.0, 0.2], latents_std=[1.0, 0.9, 1.1, 1.2],
    )  # fmt: skip


def _qwen_vl():
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "vocab_size": 300, "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6},
        },
        vision_config={
            "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
            "patch_size": 14, "fullatt_block_indexes": [1],
        },
        image_token_id=261, video_token_id=262, vision_start_token_id=259, vision_end_token_id=260,
    )  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(config)


def _qwen_transformer():
    from diffusers import QwenImageTransformer2DModel

    return QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=2, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip


def qwen_image():
    from diffusers import QwenImagePipeline

    _seed()
    return QwenImagePipeline(
        scheduler=_flow(), vae=_video_vae(), text_encoder=_qwen_vl(), tokenizer=_qwen_tokenizer(),
        transformer=_qwen_transformer(),
    )  # fmt: skip


def qwen_edit_plus(kind="QwenImageEditPlusPipeline"):
    import diffusers
    from transformers import Qwen2VLImageProcessor

    from pipelines.engines.qwen_image import picture_processor

    _seed()
    tokenizer = _qwen_tokenizer()
    processor = picture_processor(Qwen2VLImageProcessor(), tokenizer)
    return getattr(diffusers, kind)(
        scheduler=_flow(), vae=_video_vae(), text_encoder=_qwen_vl(), tokenizer=tokenizer, processor=processor,
        transformer=_qwen_transformer(),
    )  # fmt: skip


def krea2():
    from diffusers import Krea2Pipeline, Krea2Transformer2DModel
    from transformers import Qwen3VLConfig, Qwen3VLModel

    _seed()
    config = Qwen3VLConfig(
        text_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 300, "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e6},
        },
        vision_config={
            "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
            "deepstack_visual_indexes": [0], "num_position_embeddings": 16,
        },
    )  # fmt: skip
    transformer = Krea2Transformer2DModel(
        in_channels=16, num_layers=2, attention_head_dim=16, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=32, timestep_embed_dim=16, text_hidden_dim=16, num_text_layers=2, text_num_attention_heads=2,
        text_num_key_value_heads=2, text_intermediate_size=32, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    return Krea2Pipeline(
        scheduler=_flow(), vae=_video_vae(), text_encoder=Qwen3VLModel(config), tokenizer=_qwen_tokenizer(),
        transformer=transformer, text_encoder_select_layers=(1, 3), is_distilled=True,
    )  # fmt: skip


FOLDERS = {
    "sd15": sd15,
    "sd15-inpaint": sd15_inpaint,
    "sdxl": sdxl,
    "flux1": flux1,
    "flux1-dev": flux1_dev,
    "flux1-kontext": flux1_kontext,
    "flux2-klein": flux2_klein,
    "flux2-klein-base": flux2_klein_base,
    "z-image": z_image,
    "qwen-image": qwen_image,
    "qwen-image-edit": qwen_edit_plus,
    "krea2": krea2,
}


def save(name: str, home: Path) -> Path:
    """The folder of this model under `home`, made once."""
    folder = home / name
    if not (folder / "model_index.json").exists():
        FOLDERS[name]().save_pretrained(folder)
        index = json.loads((folder / "model_index.json").read_text())
        if "processor" in index:  # as the makers' folders have it
            index["processor"] = ["transformers", "Qwen2VLProcessor"]
            (folder / "model_index.json").write_text(json.dumps(index))
    return folder


# ---------------------------------------------------------------------- single files
_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
_UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0", "conv_out": "out.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
_OPEN_CLIP = {
    "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}  # fmt: skip


def as_checkpoint(pipe) -> dict:
    """A pipeline's weights under the names of the original Stable Diffusion code, as single files have them."""
    import torch

    tensors = {}
    for name, tensor in pipe.unet.state_dict().items():
        tensors["model.diffusion_model." + _old_unet_name(name, pipe.unet.config)] = tensor
    for name, tensor in pipe.vae.state_dict().items():
        old = _old_vae_name(name, len(pipe.vae.config.block_out_channels))
        attention = ".mid.attn_1." in old and tensor.ndim == 2
        tensors["first_stage_model." + old] = tensor[:, :, None, None] if attention else tensor
    two = getattr(pipe, "text_encoder_2", None)
    first = "conditioner.embedders.0" if two is not None else "cond_stage_model"
    for name, tensor in pipe.text_encoder.state_dict().items():
        tensors[f"{first}.transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    if two is not None:
        tensors |= _open_clip(two.state_dict(), "conditioner.embedders.1.model.", torch)
    return {name: tensor.clone().contiguous() for name, tensor in tensors.items()}


def _old_unet_name(name: str, config) -> str:
    for new, old in _UNET.items():
        if name.startswith(new + "."):
            return old + name[len(new) :]
    parts = name.split(".")
    layers = config.layers_per_block + 1
    if parts[0] == "mid_block":
        number = {"resnets": 2 * int(parts[2]), "attentions": 2 * int(parts[2]) + 1}[parts[1]]
        return _old_layer(f"middle_block.{number}", parts[1], parts[3:])
    block, kind, layer = int(parts[1]), parts[2], int(parts[3])
    if parts[0] == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{block * layers + layers}.0.op.{parts[-1]}"
        place = f"input_blocks.{1 + block * layers + layer}.{0 if kind == 'resnets' else 1}"
        return _old_layer(place, kind, parts[4:])
    if kind == "upsamplers":
        attends = config.up_block_types[block].startswith("CrossAttn")
        return f"output_blocks.{block * layers + layers - 1}.{2 if attends else 1}.conv.{parts[-1]}"
    return _old_layer(f"output_blocks.{block * layers + layer}.{0 if kind == 'resnets' else 1}", kind, parts[4:])


def _old_layer(place: str, kind: str, rest: list[str]) -> str:
    return ".".join([place, _RESNET[rest[0]], *rest[1:]] if kind == "resnets" else [place, *rest])


def _old_vae_name(name: str, blocks: int) -> str:
    for new, old in (
        ("conv_norm_out", "norm_out"), ("mid_block.resnets.0", "mid.block_1"), ("mid_block.resnets.1", "mid.block_2"),
        ("mid_block.attentions.0", "mid.attn_1"), ("downsamplers.0", "downsample"), ("upsamplers.0", "upsample"),
        ("conv_shortcut", "nin_shortcut"), ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"),
        ("to_out.0", "proj_out"), ("resnets", "block"),
    ):  # fmt: skip
        name = name.replace(new, old)
    for number in range(blocks):
        name = name.replace(f"encoder.down_blocks.{number}.", f"encoder.down.{number}.")
        name = name.replace(f"decoder.up_blocks.{number}.", f"decoder.up.{blocks - 1 - number}.")
    return name


def _open_clip(weights: dict, prefix: str, torch) -> dict:
    found, joined = {}, {}
    for name, tensor in weights.items():
        name = name.removeprefix("text_model.")
        if name == "text_projection.weight":
            found["text_projection"] = tensor.T
        elif name.startswith("embeddings.token"):
            found["token_embedding.weight"] = tensor
        elif name.startswith("embeddings.position_embedding"):
            found["positional_embedding"] = tensor
        elif name.startswith("final_layer_norm"):
            found[name.replace("final_layer_norm", "ln_final")] = tensor
        elif name.startswith("encoder.layers."):
            layer, rest = name.removeprefix("encoder.layers.").split(".", 1)
            if ".q_proj." in rest or ".k_proj." in rest or ".v_proj." in rest:
                joined.setdefault((layer, rest.rsplit(".", 1)[-1]), {})[rest.split(".")[1]] = tensor
                continue
            for new, old in _OPEN_CLIP.items():
                rest = rest.replace(new, old)
            found[f"transformer.resblocks.{layer}.{rest}"] = tensor
    for (layer, kind), three in joined.items():
        stacked = torch.cat([three[one] for one in ("q_proj", "k_proj", "v_proj")])
        found[f"transformer.resblocks.{layer}.attn.in_proj_{kind}"] = stacked
    return {prefix + name: tensor for name, tensor in found.items()}
