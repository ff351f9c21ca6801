"""A small model made, saved and run by OpenCLIP itself, in a process of its own.

Usage: ``python openclip_reference.py DIRECTORY TEXTS.json PICTURE``. OpenCLIP's folder has to be on
the path. DIRECTORY gets ``open_clip_config.json``, its weights as safetensors and as a training
checkpoint, and ``reference.npz``: tokens, prepared pictures, and vectors of both.
"""

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

MISSING = re.compile(r"operator torchvision::(\w+) does not exist")


def import_torchvision(tries: int = 5) -> None:
    """Import it beside a build of torch that lacks the operators its wheel was made for.

    None of them is called here; they only have to have names.
    """
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for _ in range(tries):
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = MISSING.search(str(error))
            if missing is None:
                raise
            library.define(f"{missing[1]}(Tensor dets) -> Tensor")
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
        else:
            KEPT.append(library)  # its definitions go with it
            return
    raise SystemExit("torchvision cannot be imported")


KEPT: list[Any] = []
CONFIG = {
    "embed_dim": 32,
    "quick_gelu": True,
    "vision_cfg": {
        "image_size": 32, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8,
        "mlp_ratio": 2.0, "patch_dropout": 0.0,
    },
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}  # fmt: skip


def main(directory: Path, texts: list[str], picture: Path) -> None:
    torch.set_num_threads(1)
    import_torchvision()
    open_clip = importlib.import_module("open_clip")
    transform = importlib.import_module("open_clip.transform")

    torch.manual_seed(4)
    model = open_clip.CLIP(**CONFIG).eval()
    with torch.no_grad():
        for values in model.parameters():
            values.mul_(3.0) if values.ndim > 1 else values.add_(torch.randn_like(values) / 9)
    settings = transform.PreprocessCfg(size=32)
    prepare = transform.image_transform_v2(settings, is_train=False)
    prepared = prepare(Image.open(picture))[None]
    tokens = open_clip.SimpleTokenizer()(texts)
    with torch.no_grad():
        images = model.encode_image(prepared, normalize=True)
        words = model.encode_text(tokens, normalize=True)

    document = {"model_cfg": CONFIG, "preprocess_cfg": {"size": 32, "resize_mode": "shortest"}}
    (directory / "open_clip_config.json").write_text(json.dumps(document), "utf-8")
    (directory / "ViT-tiny.json").write_text(json.dumps(CONFIG), "utf-8")
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")
    training = {f"module.{name}": value for name, value in model.state_dict().items()}
    wrapped = {"epoch": 3, "name": "small", "state_dict": training, "optimizer": {"lr": 0.1}}
    torch.save(wrapped, directory / "epoch_3.pt")
    torch.save(model, directory / "whole.pt")
    script: torch.nn.Module = torch.jit.script(torch.nn.Linear(2, 2))
    torch.jit.save(script, directory / "script.pt")
    np.savez(
        directory / "reference.npz",
        tokens=tokens.numpy(),
        prepared=prepared.numpy(),
        images=images.numpy(),
        words=words.numpy(),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8")), Path(sys.argv[3]))
