"""A model that no catalog has: its `config.json`, as published with the weights, as a record.

Its dimensions are read in `shape`. The weights are recomputed from them and held against what is
stated beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.catalog.configs.shape import (
    CONTEXT,
    FFN,
    GIVE,
    OTHERWISE,
    Keys,
    architecture,
    refuse_unknown,
    shown,
)
from tco.catalog.files import File, user_file
from tco.catalog.lookup import OWN_CONFIG
from tco.errors import DataError, printable
from tco.units import show_number

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.models import Architecture, Model

NAME = "config.json"
INDEX = "model.safetensors.index.json"
QUANTIZED = "hf_quant_config.json"
TEXT_PARTS = ("text_config", "language_config", "llm_config", "thinker_config", "language_model")
"""Where the model of a model with eyes and ears is nested."""

OFF = 0.02
"""How far a stated count may be from the recomputed one, which has no norms, no biases [1]."""
WITH_EYES = 0.15
"""How much more a whole with a vision or audio tower may have [1]."""
NO_DECODER = {"bert", "roberta", "xlm-roberta", "distilbert", "t5", "mt5", "bart", "clip", "vit"}


class ConfigModel(NamedTuple):
    """A model read from its config.

    Args:
        id: What it is called.
        record: The record, as the catalog's own.
        file: The config.
        assumed: What was assumed, each in a few words.
    """

    id: str
    record: Model
    file: File
    assumed: tuple[str, ...]


def read_config(path: str | Path, params: float | None = None) -> ConfigModel:
    """Return the model of a config.

    Args:
        path: A `config.json`, the folder that it lies in, or a hub repository whose file is in
            the cache of this machine.
        params: Its weights, where the user says them [1].

    Raises:
        DataError: It is no model, lacks a key, has one that is not understood, or its count does
            not come out.
    """
    file = user_file(found_config(path))
    whole = _json(file)
    values, prefix = _text_part(file, whole)
    keys = Keys(file, values, str(values.get("model_type", "")).removesuffix("_text"))
    _refuse_others(keys, whole)
    shape = architecture(keys, whole)
    refuse_unknown(keys, prefix)
    precision = native_precision(keys, whole, _beside(file, QUANTIZED))
    return _model(keys, whole, shape, precision, params)


def found_config(path: str | Path) -> Path:
    """Return the file that a path, a folder or a hub repository's name means.

    Raises:
        DataError: There is none.
    """
    place = Path(path)
    if place.is_dir():
        place = place / NAME
    if place.exists() or not is_repository(str(path)):
        return place
    if cached := cached_config(str(path)):
        return cached
    raise DataError(
        f"{printable(str(path), 200)}:1: neither a file nor a repository whose {NAME} is in the "
        f"cache of this machine; download it once, and give the path of its {NAME}"
    )


def is_repository(name: str) -> bool:
    """Return whether a name is that of a hub repository: OWNER/NAME."""
    return re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name) is not None and not name.endswith(".json")


def cached_config(repository: str) -> Path | None:
    """Return the config of a hub repository in the cache of this machine; None if not there."""
    home = os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    folder = hub / f"models--{repository.replace('/', '--')}" / "snapshots"
    found = [*folder.glob(f"*/{NAME}")] if folder.is_dir() else []
    return max(found, key=lambda one: one.stat().st_mtime, default=None)


def has_config(name: str) -> bool:
    """Return whether a name is that of a config: a file, its folder, or a repository on disk."""
    if name.lower().endswith(".json") or (Path(name) / NAME).is_file():
        return True
    return is_repository(name) and cached_config(name) is not None


def means_config(catalog: Catalog, name: str) -> bool:
    """Return whether the name of a model is meant as a config, and is not one of the catalog."""
    if has_config(name):
        return published_as(catalog, name) is None
    owner = name.partition("/")[0].lower()
    return is_repository(name) and owner not in catalog.prices.providers


def published_as(catalog: Catalog, repository: str) -> str | None:
    """Return the model of the catalog whose weights lie in a hub repository."""
    wanted = repository.lower()
    for name, model in catalog.models.models.items():
        if model.hugging_face is not None and model.hugging_face.repo.lower() == wanted:
            return name
    return None


def with_config_model(catalog: Catalog, one: ConfigModel) -> tuple[Catalog, str]:
    """Return the catalog with a model read from its config, and what it is called there.

    A model of the catalog that is called so stays what it is.
    """
    from tco.catalog.fields import Source
    from tco.catalog.models import Models

    known, name = catalog.models, one.id
    while name in known.models:
        name = f"{name}.config"
    day = datetime.fromtimestamp(Path(one.file.path).stat().st_mtime, UTC).date()
    source = Source(title=f"{NAME} of the user", read=day, where=one.file.path)
    models: Any = Models.model_construct(
        schema_=1,
        version=known.version,
        sources={**known.sources, OWN_CONFIG: source},
        classes=known.classes,
        models={**known.models, name: one.record},
    )
    total = hashlib.sha256(catalog.sha256.encode() + one.file.data).hexdigest()
    origins = {**catalog.origins, ("models", name): one.file.path}
    return replace(catalog, models=models, sha256=total, origins=origins), name


# Precision, count, and what is no model.


def native_precision(keys: Keys, whole: Mapping[str, Any], beside: Any) -> str:
    """Return what the weights are published in.

    Raises:
        DataError: They are quantized in a way that is not understood.
    """
    said = whole.get("quantization_config") or keys.values.get("quantization_config")
    said = said or whole.get("compression_config")
    if not said and isinstance(beside, dict):
        said = {"quant_method": "modelopt", **(beside.get("quantization") or {})}
    if isinstance(said, dict):
        name = _quantized(said)
        if name is None:
            found = said.get("quant_method", said.get("quant_algo", "no quant_method"))
            keys.refuse("quantization_config", f"{shown(found)} is not understood", LEAVE_OUT)
        if said.get("kv_cache_scheme") or said.get("kv_cache_quant_algo"):
            keys.assumed.append("KV cache as set, not as its scheme says (serving.kv_bytes=1: fp8)")
        if keys.values.get("expert_dtype") == "fp4" and name == "fp8":
            return "fp4"
        if name == "int8":
            keys.assumed.append("int8 weights counted as fp8, which takes as many bytes")
            return "fp8"
        return name
    dtype = str(next((d for k in DTYPE if (d := keys.values.get(k) or whole.get(k))), ""))
    if dtype.removeprefix("torch.") not in ("bfloat16", "float16"):
        keys.assumed.append(f"served in bf16{f' ({dtype} in the file)' if dtype else ''}")
    return "bf16"


DTYPE = ("dtype", "torch_dtype")
LEAVE_OUT = "leave out quantization_config and say the nearest with --precision: fp8, int4, nvfp4"


def _quantized(config: Mapping[str, Any]) -> str | None:
    """Return the precision of a `quantization_config`; None where it is not understood."""
    algorithm = str(config.get("moe_quant_algo") or config.get("quant_algo") or "").lower()
    if algorithm == "mixed_precision":
        kinds = Counter(
            str(one.get("quant_algo", "")).lower()
            for one in (config.get("quantized_layers") or {}).values()
            if isinstance(one, dict)
        )
        algorithm = kinds.most_common(1)[0][0] if kinds else ""
    for name in ("nvfp4", "mxfp4", "mxfp8", "fp8", "int8", "int4"):
        if name in algorithm.replace("w4a16_nvfp4", "nvfp4").replace("w4a16", "int4"):
            return name
    method = str(config.get("quant_method", "")).lower()
    if method in ("fp8", "fbgemm_fp8", "mxfp4", "mxfp8", "nvfp4"):
        return method.removeprefix("fbgemm_")
    if method in ("gptq", "awq", "auto-round", "bitsandbytes"):
        bits = config.get("bits", config.get("w_bit", 4 if config.get("load_in_4bit") else 8))
        return {4: "int4", 8: "int8"}.get(bits if isinstance(bits, int) else 0)
    if method == "compressed-tensors":
        return _compressed_tensors(config)
    return None


def _compressed_tensors(config: Mapping[str, Any]) -> str | None:
    form = str(config.get("format", ""))
    for name in ("nvfp4", "mxfp4"):
        if form.startswith(name):
            return name
    for group in (config.get("config_groups") or {}).values():
        weights = (group or {}).get("weights") or {}
        known = {(4, "int"): "int4", (8, "int"): "int8", (8, "float"): "fp8", (4, "float"): "fp4"}
        return known.get((int(weights.get("num_bits") or 0), str(weights.get("type"))))
    return None


def _model(
    keys: Keys, whole: Mapping[str, Any], shape: Architecture, precision: str, params: float | None
) -> ConfigModel:
    """Return the record, its count held against what is stated."""
    from tco.catalog.check.models import recomputed_params
    from tco.catalog.models import License, Model, Params

    found = recomputed_params(shape)
    if found is None:
        keys.refuse(FFN[0], "the weights do not add up from what is given", "give every width")
    total, active, _ = found
    eyes = any(isinstance(whole.get(k), dict) for k in ("vision_config", "audio_config"))
    if params is not None:
        _hold(keys, total, params / 1e9, "--params says", eyes)
        total, active = params / 1e9, active + max(params / 1e9 - total, 0.0)
    else:
        _hold_index(keys, total, precision, eyes)
    if shape.experts is None:
        active = total
    if eyes:
        keys.assumed.append("its vision or audio tower is left out")
    name = _called(keys.file, whole)
    assumed = tuple(dict.fromkeys(keys.assumed))
    record = Model(
        name=name,
        org="own",
        weights="open",
        license=License(name="not stated", kind="unknown"),
        context_tokens=keys.count(*CONTEXT, missing=None),
        native_precision=precision,  # type: ignore[arg-type]
        params_b=Params(total=total, active=min(active, total)),
        architecture=shape,
        sources=[OWN_CONFIG],
        notes=_summary(keys, name, total, params, assumed),
    )
    return ConfigModel(_id(name), record, keys.file, assumed)


def _summary(
    keys: Keys, name: str, found: float, params: float | None, assumed: Sequence[str]
) -> str:
    """Return what was read, and what was assumed."""
    index = (Path(keys.file.path).parent / INDEX).is_file()
    held = "as --params says" if params is not None else f"held against {INDEX}" if index else ""
    text = f"{name} is read from {keys.file.path}: {show_number(found * 1e9)} parameters add up"
    text += f", {held}" if held else "; --params N holds the count against its card"
    return printable(f"{text}{'; assumed: ' if assumed else ''}{', '.join(assumed)}", 600)


def _hold(keys: Keys, found: float, stated: float, who: str, eyes: bool) -> None:
    """Raise `DataError` where the dimensions add up to another count than is stated [1e9]."""
    mtp = keys.count("num_nextn_predict_layers", "num_mtp_modules", missing=0)
    layers = keys.count("num_hidden_layers", "n_layer", "n_layers", missing=1)
    most = found * (1 + OFF + (WITH_EYES if eyes else 0.0) + 1.2 * mtp / layers)
    if not found * (1 - OFF) <= stated <= most:
        raise DataError(
            f"{keys.file.path}:1: its dimensions add up to {show_number(found * 1e9, 4)} "
            f"parameters, {who} {show_number(stated * 1e9, 4)}; correct the dimensions, or say "
            "the right count with --params"
        )


def _hold_index(keys: Keys, found: float, precision: str, eyes: bool) -> None:
    """Hold the count against the index of the weights, where it lies beside the config."""
    index = _beside(keys.file, INDEX)
    about = index.get("metadata") if isinstance(index, dict) else None
    if not isinstance(about, dict):
        return None
    if isinstance(known := about.get("total_parameters"), int | float) and precision == "bf16":
        return _hold(keys, found, known / 1e9, f"{INDEX} says", eyes)
    size = about.get("total_size")
    if not isinstance(size, int | float) or precision != "bf16":
        return None
    wide = 4 if "float32" in str(keys.values.get("dtype", keys.values.get("torch_dtype"))) else 2
    return _hold(keys, found, size / wide / 1e9, f"{INDEX} says", eyes)


def _called(file: File, whole: Mapping[str, Any]) -> str:
    """Return what the model is called: as published, else its folder, else its file."""
    path = Path(file.path).resolve()
    if path.parent.parent.name == "snapshots":
        return path.parent.parent.parent.name.rpartition("--")[2]
    said = whole.get("_name_or_path")
    if isinstance(said, str) and is_repository(said):
        return said.rpartition("/")[2]
    return path.parent.name if path.name == NAME and path.parent.name else path.stem


def _id(name: str) -> str:
    folded = re.sub(r"[^a-z0-9._+-]+", "-", name.lower()).strip("-._+")[:60]
    return folded or "own-model"


def _json(file: File) -> Mapping[str, Any]:
    try:
        value = json.loads(file.data)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise DataError(f"{file.path}:{line}: no JSON: {printable(str(error), 80)}") from None
    if not isinstance(value, dict):
        raise DataError(f"{file.path}:1: no config of a model: an object of keys is expected")
    return value


def _beside(file: File, name: str) -> Any:
    """Return what a file beside the config says; None where there is none."""
    path = Path(file.path).parent / name
    return _json(user_file(path)) if path.is_file() else None


def _text_part(file: File, whole: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the keys of the language model, and where they are nested."""
    here, prefix = whole, ""
    for _ in range(3):
        if any(key in here for key in ("hidden_size", "n_embd", "d_model")):
            break
        nested = next((k for k in TEXT_PARTS if isinstance(here.get(k), dict)), None)
        if nested is None:
            break
        here, prefix = here[nested], f"{prefix}{nested}."
    return here, prefix


def _refuse_others(keys: Keys, whole: Mapping[str, Any]) -> None:
    """Raise `DataError` for what is no config of a model that generates text."""
    path = keys.file.path
    if {*(keys.of("attn_type_list") or [1])} != {1}:
        keys.refuse(
            "attn_type_list", "layers with lightning attention are not understood", OTHERWISE
        )
    if keys.values.get("block_configs"):
        keys.refuse("block_configs", "blocks that differ by layer are not understood", OTHERWISE)
    if "peft_type" in whole or "base_model_name_or_path" in whole:
        raise DataError(
            f"{path}:1: an adapter, not a model; give the config.json of its base model"
        )
    kind = str(whole.get("model_type", ""))
    if whole.get("is_encoder_decoder") or kind in NO_DECODER:
        keys.refuse(
            "model_type", f"{shown(kind)} does not generate text by itself", "give a decoder"
        )
    if (
        not kind
        and not keys.family
        and "architectures" not in whole
        and not keys.values.get(FFN[0])
    ):
        raise DataError(f"{path}:1: no config of a model: model_type is missing; {GIVE}")
