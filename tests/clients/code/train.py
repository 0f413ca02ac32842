"""A program that SageMaker's SDK sends: it counts its input and writes a model."""

import json
import os
from pathlib import Path

channels = json.loads(os.environ["SM_CHANNELS"])
counted = {name: sum(path.is_file() for path in Path("/opt/ml/input/data", name).rglob("*")) for name in channels}
print("files:", counted)
Path(os.environ["SM_MODEL_DIR"], "counted.json").write_text(json.dumps(counted))
