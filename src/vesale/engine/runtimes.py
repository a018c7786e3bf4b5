"""What runs a model: ONNX Runtime on the CPU. Reading imports this and never torch."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import PackageError

Runner = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.float32]]]
"""(N, C, H, W) in [0, 1] -> activated outputs by name."""


def open_onnx(path: Path | bytes, threads: int | None = None) -> Runner:
    """A runner for the model at `path`, or of these bytes; PackageError when ONNX Runtime cannot load it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    if threads:
        options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own family of exceptions, without a common public root
        name = path.name if isinstance(path, Path) else "a changed model"
        message = f"{name}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})"
        raise PackageError(message, "get the package again") from None
    names = [o.name for o in session.get_outputs()]
    single = session.get_inputs()[0].shape[0] == 1  # a foreign network may take no more than one image at a time

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        some = [batch[i : i + 1] for i in range(len(batch))] if single else [batch]
        answers = [session.run(names, {"image": np.ascontiguousarray(one, np.float32)}) for one in some]
        return {name: np.concatenate(parts) for name, parts in zip(names, zip(*answers, strict=True), strict=True)}

    return run
