"""A model as an MLflow folder: native file, MLmodel, signature, input example, explicit requirements, no pickle."""

from collections.abc import Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import infer_signature

from jtrader.domain.errors import BadInput
from jtrader.registry.formats import format_of

FORBIDDEN = (".pkl", ".pickle", ".joblib", ".cloudpickle")


def pack(native: Any, flavor: str, features: Sequence[str], example: Any, folder: Path) -> Path:
    """Writes the folder and returns the path of the model's own file. `example`: rows of features, shape (n, k).

    Raises BadInput where the example's width is not that of the features.
    """
    kept = format_of(flavor)
    rows = np.asarray(example, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(features):
        raise BadInput(f"the example has shape {rows.shape}; {len(features)} features need (n, {len(features)})")
    frame = pd.DataFrame(rows, columns=list(features))
    options = {
        "path": str(folder),
        "signature": infer_signature(frame, np.array([0.5])),
        "input_example": frame,
        "pip_requirements": [f"{name}=={installed(name)}" for name in ("mlflow", *kept.requirements)],
    }
    if flavor == "lightgbm":
        import mlflow.lightgbm

        mlflow.lightgbm.save_model(native, **options)
    else:
        import mlflow.sklearn

        mlflow.sklearn.save_model(native, serialization_format="skops", pyfunc_predict_fn="predict_proba", **options)
    pickled = [file.name for file in folder.rglob("*") if file.suffix in FORBIDDEN]
    if pickled:
        raise BadInput(f"{flavor} wrote {', '.join(pickled)}: models are kept without pickle")
    return folder / kept.file
