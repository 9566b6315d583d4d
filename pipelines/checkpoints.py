"""Single-file Stable Diffusion checkpoints without a hub: the shapes of their parts lie in `pipelines/configs`.

A checkpoint holds tensors only; what kind of model they belong to is told by the family that recognised it.
"""

from pathlib import Path

from pipelines import clip_prompts, model_folder
from pipelines.base import EngineError

CONFIGS = Path(__file__).resolve().parent / "configs"
# Markers that makers of v-prediction fine-tunes leave in the file, as empty tensors.
V_PREDICTION, ZERO_SNR = "v_pred", "ztsnr"


def read(path: Path, family_id: str, pipeline_class: str, dtype, configs: Path | None = None):
    """The pipeline from a .safetensors file, in RAM as `dtype`. `configs` is a folder of configs without weights.

    Raises EngineError (code `model_damaged`) when the file is no checkpoint of this family.
    """
    import diffusers

    if path.suffix != ".safetensors":
        raise EngineError(
            f"{path.name} is not a .safetensors file.", "Other formats can hold code that runs; convert it.", "pickle"
        )
    folder = configs or CONFIGS / family_id
    passed = {"tokenizer": clip_prompts.tokenizer()}
    if (folder / "text_encoder_2").is_dir():
        passed["tokenizer_2"] = clip_prompts.tokenizer(pad="!")
    else:
        passed |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    try:
        pipe = getattr(diffusers, pipeline_class).from_single_file(
            str(path), config=str(folder), local_files_only=True, dtype=dtype, **passed
        )
    except SingleFileComponentError as error:
        raise EngineError(
            f"{path.name} is no whole checkpoint: {str(error).splitlines()[0]}",
            "Files that hold only the denoiser or only an autoencoder cannot be used alone; choose the full version.",
            "model_damaged",
        ) from error
    names = model_folder.header(path)
    if V_PREDICTION in names:
        zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if ZERO_SNR in names else {}
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config, prediction_type="v_prediction", **zero)
    return pipe
