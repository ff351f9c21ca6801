"""LightGBM's trees as an ONNX file: the same splits on float32 rows, summed in float32."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array
from ranker.errors import RankingError
from ranker.plain_lightgbm import lightgbm

if TYPE_CHECKING:
    import onnx

ROWS = "rows"
"""Name of the input, float32 (n, m); NaN where unknown."""

SCORES = "scores"
"""Name of the output, float32 (n, 1)."""

_ML_VERSION = 3
_OPERATORS_VERSION = 18
_IR_VERSION = 8
_READ_AS_ZERO = 1e-35
_DUMPED_INFINITY = 1e300
"""What LightGBM writes for an infinite threshold, which parts the known from the unknown, when it
dumps a model; its text says ``inf``, and that is what it compares with."""


def to_onnx(model: str) -> bytes:
    """The model in LightGBM's text format as one ``TreeEnsembleRegressor`` (ai.onnx.ml 3).

    Rows take the same way through every tree, because thresholds are rounded down to float32 (see
    `round_down`) and every split sends unknown values where LightGBM does. Scores differ by the
    rounding of sums alone.

    Raises:
        RankingError: the model holds what this cannot say (RANKER_ONNX): categorical splits,
            linear leaves, averaged trees, several outputs, or zeros taken for unknown; or the
            package ``onnx`` is not installed (ONNX_NOT_INSTALLED).
    """
    try:
        from onnx import TensorProto, helper  # noqa: PLC0415 - nothing that serves has it
    except ModuleNotFoundError as error:
        raise RankingError(
            "Writing ONNX files needs the package onnx; run `make exporter`, or"
            " pip install 'omnishelf[training]'.",
            reason="ONNX_NOT_INSTALLED",
        ) from error
    dump = lightgbm.Booster(model_str=model).dump_model(num_iteration=-1)
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [ROWS],
        [SCORES],
        domain="ai.onnx.ml",
    )
    node.attribute.extend(
        helper.make_attribute(name, value) for name, value in _attributes(dump).items()
    )
    features = dump["max_feature_idx"] + 1
    graph = helper.make_graph(
        [node],
        "ranker",
        [helper.make_tensor_value_info(ROWS, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [None, 1])],
    )
    versions = [
        helper.make_opsetid("", _OPERATORS_VERSION),
        helper.make_opsetid("ai.onnx.ml", _ML_VERSION),
    ]
    made: onnx.ModelProto = helper.make_model(
        graph, opset_imports=versions, ir_version=_IR_VERSION, producer_name="omnishelf"
    )
    return made.SerializeToString(deterministic=True)


def round_down(thresholds: npt.NDArray[np.float64]) -> Float32Array:
    """The largest float32 that is not above each threshold.

    A float32 x is at most t exactly where it is at most that float32, so x <= t keeps its answer.

    >>> round_down(np.array([0.1, 0.5, 1e300])).tolist() == [
    ...     0.09999999403953552, 0.5, float(np.finfo(np.float32).max)]
    True
    """
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
        below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest.astype(np.float64) > thresholds, below, nearest)


def past_zero(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Thresholds at the edge of zero moved over it, for LightGBM reads what is almost 0 as 0.

    With |x| at most 1e-35 read as 0, x <= t is the same as x < -1e-35 for t from there up to 0, and
    as x <= 1e-35 for t from 0 up to there.
    """
    edge = np.float32(_READ_AS_ZERO)
    under = np.nextafter(-edge, np.float32(-np.inf))
    moved = np.where(thresholds < 0, np.float64(under), np.float64(edge))
    return np.where(np.abs(thresholds) <= np.float64(edge), moved, thresholds)


@dataclass(slots=True, kw_only=True)
class _Nodes:
    """Columns of the operator's attributes, a row a node."""

    trees: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    lefts: list[int] = field(default_factory=list)
    rights: list[int] = field(default_factory=list)
    unknown_left: list[int] = field(default_factory=list)
    leaf_trees: list[int] = field(default_factory=list)
    leaf_ids: list[int] = field(default_factory=list)
    leaf_values: list[float] = field(default_factory=list)

    def add_leaf(self, tree: int, number: int, leaf: Mapping[str, Any]) -> None:
        if "leaf_coeff" in leaf:
            raise _cannot("linear leaves")
        self._add(tree, number, mode="LEAF")
        self.leaf_trees.append(tree)
        self.leaf_ids.append(number)
        self.leaf_values.append(leaf["leaf_value"])

    def add_split(
        self, tree: int, number: int, split: Mapping[str, Any], *, left: int, right: int
    ) -> None:
        unknown_left = _unknown_goes_left(split)
        self._add(
            tree,
            number,
            mode="BRANCH_LEQ",
            feature=split["split_feature"],
            threshold=_undumped(split["threshold"]),
            left=left,
            right=right,
            unknown_left=unknown_left,
        )

    def _add(
        self,
        tree: int,
        number: int,
        *,
        mode: str,
        feature: int = 0,
        threshold: float = 0.0,
        left: int = 0,
        right: int = 0,
        unknown_left: bool = False,
    ) -> None:
        self.trees.append(tree)
        self.ids.append(number)
        self.features.append(feature)
        self.modes.append(mode)
        self.thresholds.append(threshold)
        self.lefts.append(left)
        self.rights.append(right)
        self.unknown_left.append(int(unknown_left))


def _undumped(threshold: float) -> float:
    return np.inf if threshold >= _DUMPED_INFINITY else threshold


def _attributes(dump: Mapping[str, Any]) -> dict[str, object]:
    if dump["num_class"] != 1 or dump["num_tree_per_iteration"] != 1:
        raise _cannot("several outputs")
    if dump["average_output"]:
        raise _cannot("averaged trees")
    nodes, constant = _Nodes(), 0.0
    for number, tree in enumerate(dump["tree_info"]):
        root = tree["tree_structure"]
        if "split_feature" in root:
            _add_tree(nodes, number, root)
        else:
            constant += root["leaf_value"]
    if not nodes.trees:
        raise _cannot("no tree that splits")
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "base_values": [constant],
        "nodes_treeids": nodes.trees,
        "nodes_nodeids": nodes.ids,
        "nodes_featureids": nodes.features,
        "nodes_modes": nodes.modes,
        "nodes_values": round_down(past_zero(np.array(nodes.thresholds))).tolist(),
        "nodes_truenodeids": nodes.lefts,
        "nodes_falsenodeids": nodes.rights,
        "nodes_missing_value_tracks_true": nodes.unknown_left,
        "target_treeids": nodes.leaf_trees,
        "target_nodeids": nodes.leaf_ids,
        "target_ids": [0] * len(nodes.leaf_ids),
        "target_weights": nodes.leaf_values,
    }


def _add_tree(nodes: _Nodes, tree: int, root: Mapping[str, Any]) -> None:
    """Number the nodes as they are met, the left child right after its parent."""
    places = {id(node): place for place, node in enumerate(_walk(root))}
    for node in _walk(root):
        place = places[id(node)]
        if "split_feature" not in node:
            nodes.add_leaf(tree, place, node)
            continue
        left, right = places[id(node["left_child"])], places[id(node["right_child"])]
        nodes.add_split(tree, place, node, left=left, right=right)


def _walk(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if "split_feature" in node:
            waiting += [node["right_child"], node["left_child"]]


def _unknown_goes_left(split: Mapping[str, Any]) -> bool:
    """Where LightGBM sends NaN: its default way if it knows unknowns, else the way of zero."""
    if split["decision_type"] != "<=":
        raise _cannot("categorical splits")
    zero_goes_left = split["threshold"] >= 0
    kind, default_left = split["missing_type"], bool(split["default_left"])
    if kind == "Zero" and default_left != zero_goes_left:
        raise _cannot("zeros taken for unknown")
    return zero_goes_left if kind == "None" else default_left


def _cannot(what: str) -> RankingError:
    return RankingError(
        f"The model has {what}, which the ONNX engine does not run; it is served by LightGBM.",
        reason="RANKER_ONNX",
    )
