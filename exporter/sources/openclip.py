"""An OpenCLIP model as two towers: its own configuration, weights and tokenizer, run as a CLIP."""

from __future__ import annotations

from pathlib import Path

from transformers import CLIPConfig, CLIPModel
from transformers.initialization import no_init_weights

from exporter.sources.errors import SourceError
from exporter.sources.files import credit
from exporter.sources.hub import Origin
from exporter.sources.model import ImageSource, LoadedModel, TextSource
from exporter.sources.openclip_config import OpenClipConfig, read_openclip_config
from exporter.sources.openclip_tokenizer import openclip_tokenizer
from exporter.sources.openclip_weights import read_checkpoint, renamed
from exporter.sources.towers import Image, MaskedText, Pixels
from exporter.sources.weights_report import refuse_weights

CONFIG_NAME = "open_clip_config.json"
_WEIGHTS = (
    "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors",
    "open_clip_pytorch_model.bin",
)  # fmt: skip
_PATTERNS = ("*.safetensors", "*.pt", "*.bin", "*.pth")


def load_openclip(
    config_path: Path, *, origin: Origin, checkpoint: Path | None, cache: Path | None, name: str
) -> LoadedModel:
    """Load a model that OpenCLIP wrote; ``checkpoint`` None: the weights beside its configuration.

    Raises:
        SourceError: any reason but ``SOURCE_NAME``.
    """
    config = read_openclip_config(config_path)
    path = checkpoint if checkpoint is not None else _find_weights(origin.directory)
    weights, unknown = renamed(read_checkpoint(path))
    model = _build(config)
    shapes = {key: value.shape for key, value in model.state_dict().items()}
    refuse_weights(
        path,
        {
            "missing": sorted(set(shapes) - set(weights)),
            "unexpected": unknown + sorted(set(weights) - set(shapes)),
            "misshapen": sorted(
                key for key, value in weights.items() if shapes.get(key, value.shape) != value.shape
            ),
        },
    )
    model.load_state_dict(weights)
    model.requires_grad_(requires_grad=False)
    pixels = Pixels(scale=1 / 255, mean=config.mean, std=config.std)
    return LoadedModel(
        name=name,
        family="openclip",
        dimension=config.dimension,
        text=TextSource(
            module=MaskedText(model).eval(),
            tokenizer=openclip_tokenizer(
                origin.directory, vocabulary=config.text["vocab_size"], cache=cache
            ),
            max_tokens=config.text["context_length"],
            pad_id=0,
        ),
        image=ImageSource(module=Image(model, pixels=pixels).eval(), tower=config.image),
        source=credit(origin.directory, name=origin.name, revision=origin.revision, weights=[path]),
    )


def _find_weights(directory: Path) -> Path:
    for name in _WEIGHTS:
        if (directory / name).is_file():
            return directory / name
    found = sorted(path for pattern in _PATTERNS for path in directory.glob(pattern))
    if len(found) == 1:
        return found[0]
    listed = ", ".join(path.name for path in found) or "no weights"
    message = f"{directory} holds {listed}; put {_WEIGHTS[0]} there, or name one as the checkpoint"
    raise SourceError(message, reason="SOURCE_WEIGHTS")


def _build(config: OpenClipConfig) -> CLIPModel:
    """Build the same layers; every weight is then taken from the checkpoint."""
    activation = "quick_gelu" if config.quick_gelu else "gelu"
    vision, text = config.vision, config.text
    with no_init_weights():
        return CLIPModel(
            CLIPConfig(
                vision_config={
                    "hidden_size": vision["width"],
                    "intermediate_size": int(vision["width"] * vision["mlp_ratio"]),
                    "num_hidden_layers": vision["layers"],
                    "num_attention_heads": vision["width"] // vision["head_width"],
                    "image_size": vision["image_size"],
                    "patch_size": vision["patch_size"],
                    "hidden_act": activation,
                    "layer_norm_eps": 1e-5,
                },
                text_config={
                    "vocab_size": text["vocab_size"],
                    "hidden_size": text["width"],
                    "intermediate_size": int(text["width"] * text["mlp_ratio"]),
                    "num_hidden_layers": text["layers"],
                    "num_attention_heads": text["heads"],
                    "max_position_embeddings": text["context_length"],
                    "hidden_act": activation,
                    "layer_norm_eps": 1e-5,
                    # Read at the highest id, as OpenCLIP does: CLIP's old way, under its old value.
                    "eos_token_id": 2,
                    "bos_token_id": 0,
                    "pad_token_id": 0,
                },
                projection_dim=config.dimension,
            )
        )
