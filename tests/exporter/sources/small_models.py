"""Small models of every architecture that is read, written as their publishers write theirs.

Random weights, real files: configuration, safetensors, tokenizer, preprocessing, model card.
Each function returns the directory it filled; pictures are 32 or 48 pixels, vectors 32 numbers.
"""

import io
import json
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Siglip2Config,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipModel,
    SiglipTokenizer,
)
from transformers.image_processing_backends import PilBackend
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import (
    ChineseCLIPImageProcessorPil,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

DIMENSION = 32
SENTENCES = (
    "red running shoes for women", "a blue cotton shirt with long sleeves", "black leather bag",
    "wooden chair for the kitchen", "green ceramic mug, dishwasher safe", "5 pairs of white socks",
    "stainless steel bottle 750 ml", "soft grey blanket for the sofa", "café crème, déjà vu",
    "红色 跑步鞋 女", "蓝色 棉 衬衫", "黑色 皮包", "厨房 木椅",
)  # fmt: skip
MERGES = ("r e", "re d</w>", "s h", "o e", "oe s</w>", "sh oes</w>", "i n", "in g</w>", "t h")
CARD = "---\nlicense: apache-2.0\ntags: [vision]\n---\n# A small model\n"


def small_clip(directory: Path) -> Path:
    """Write a CLIP: causal text tower read at its end token, pictures of 32 pixels, cropped."""
    tokenizer = clip_tokenizer()
    torch.manual_seed(1)
    model = CLIPModel(
        CLIPConfig(
            text_config={
                **_layers(), "vocab_size": len(tokenizer), "max_position_embeddings": 16,
                "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
                "pad_token_id": tokenizer.pad_token_id,
            },
            vision_config={**_layers(48), "image_size": 32, "patch_size": 8},
            projection_dim=DIMENSION,
        )
    )  # fmt: skip
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    return _write(directory, model, tokenizer, processor)


def small_siglip(directory: Path) -> Path:
    """Write a SigLIP: SentencePiece, always 16 tokens, pictures of 48 pixels, stretched."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "spiece.model").write_bytes(sentencepiece_model())
    tokenizer = SiglipTokenizer(str(directory / "spiece.model"), model_max_length=16)
    torch.manual_seed(2)
    model = SiglipModel(
        SiglipConfig(
            text_config={
                **_layers(DIMENSION), "vocab_size": tokenizer.vocab_size,
                "max_position_embeddings": 16, "projection_size": DIMENSION,
                "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 1,
            },
            vision_config={**_layers(DIMENSION), "image_size": 48, "patch_size": 16},
        )
    )  # fmt: skip
    processor = SiglipImageProcessorPil(
        size={"height": 48, "width": 48}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return _write(directory, model, tokenizer, processor)


def small_siglip2(directory: Path) -> Path:
    """Write a SigLIP 2 of patches: Gemma's tokenizer, always 16 tokens, a grid of 3 by 3 patches.

    The grid that the weights' positions were made for is another, of 4 by 4.
    """
    tokenizer = gemma_tokenizer()
    torch.manual_seed(4)
    model = Siglip2Model(
        Siglip2Config(
            text_config={
                **_layers(DIMENSION), "vocab_size": len(tokenizer), "max_position_embeddings": 16,
                "projection_size": DIMENSION, "pad_token_id": 0, "eos_token_id": 1,
                "bos_token_id": 2,
            },
            vision_config={**_layers(DIMENSION), "num_patches": 16, "patch_size": 8},
        )
    )  # fmt: skip
    return _write(
        directory, model, tokenizer, Siglip2ImageProcessorPil(patch_size=8, max_num_patches=9)
    )


def small_chinese_clip(directory: Path) -> Path:
    """Write a Chinese-CLIP: BERT over characters, pictures of 32 pixels, stretched."""
    tokenizer = bert_tokenizer()
    torch.manual_seed(3)
    model = ChineseCLIPModel(
        ChineseCLIPConfig(
            text_config={
                **_layers(), "vocab_size": len(tokenizer), "max_position_embeddings": 24,
                "pad_token_id": tokenizer.pad_token_id,
            },
            vision_config={**_layers(48), "image_size": 32, "patch_size": 8},
            projection_dim=DIMENSION,
        )
    )  # fmt: skip
    processor = ChineseCLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False)
    return _write(directory, model, tokenizer, processor)


def clip_tokenizer(*, length: int = 16) -> CLIPTokenizer:
    """Build CLIP's byte-pair encoding with a few merges; 16 tokens at most."""
    alphabet = sorted(ByteLevel.alphabet())
    pieces = [*alphabet, *(f"{symbol}</w>" for symbol in alphabet)]
    pieces += [merge.replace(" ", "") for merge in MERGES] + ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={piece: row for row, piece in enumerate(pieces)},
        merges=[tuple(merge.split(" ")) for merge in MERGES],  # type: ignore[misc]  # as it takes them
        model_max_length=length,
    )


def gemma_tokenizer() -> Siglip2Tokenizer:
    """Build Gemma's byte-pair encoding over bytes and lower-case letters, ending in ``<eos>``."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789▁", "红", "色"]
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{b:02X}>" for b in range(256))]
    merges = [("r", "e"), ("re", "d"), ("▁", "s"), ("o", "e")]
    pieces += [*letters, *("".join(merge) for merge in merges)]
    tokenizer = Siglip2Tokenizer(
        vocab={piece: row for row, piece in enumerate(pieces)},
        merges=merges,  # type: ignore[arg-type]  # as it takes them
        model_max_length=16,
        padding_side="right",
    )
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", 1)]
    )
    return tokenizer


def bert_tokenizer() -> BertTokenizer:
    """Build BERT's word pieces over single characters and a few endings."""
    characters = sorted(
        set("".join(SENTENCES)) - {" "} | set("abcdefghijklmnopqrstuvwxyz0123456789")
    )
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    pieces += [f"##{character}" for character in characters if character.isascii()] + [
        "red",
        "##ing",
    ]
    return BertTokenizer(vocab={piece: row for row, piece in enumerate(pieces)})


def sentencepiece_model(*, rule: str = "identity", kind: str = "unigram") -> bytes:
    """Train a SentencePiece model on a few lines; ids as in SigLIP: no padding or start token.

    ``rule`` names the table of characters that it carries, ``kind`` its algorithm.
    """
    written = io.BytesIO()
    settings: dict[str, Any] = {
        "vocab_size": 120, "hard_vocab_limit": False, "pad_id": -1, "bos_id": -1, "eos_id": 1,
        "unk_id": 2, "minloglevel": 2, "num_threads": 1, "normalization_rule_name": rule,
        "model_type": kind,
    }  # fmt: skip
    lines = [line.lower().replace(",", "") for line in SENTENCES] * 4
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(lines), model_writer=written, **settings
    )
    return written.getvalue()


def _layers(width: int = 64) -> dict[str, Any]:
    return {
        "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }  # fmt: skip


def _write(
    directory: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    processor: PilBackend,
) -> Path:
    with torch.no_grad():
        for values in model.parameters():  # as drawn at first, every input lands on one spot
            values.mul_(3.0) if values.ndim > 1 else values.add_(torch.randn_like(values) / 9)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    # Publishers' files name the class without the suffix of its Pillow twin.
    settings = processor.to_dict()
    (directory / "preprocessor_config.json").write_text(json.dumps(settings, indent=2), "utf-8")
    (directory / "README.md").write_text(CARD, "utf-8")
    return directory
