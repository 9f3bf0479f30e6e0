"""Reduces the colours of a PNG, for pictures in a page. Reads {"from": .., "to": ..} from its input."""

import json
import sys

from PIL import Image

paths = json.load(sys.stdin)
picture = Image.open(paths["from"]).convert("RGB")
picture.quantize(colors=160, dither=Image.Dither.NONE).save(paths["to"], optimize=True)
json.dump({}, sys.stdout)
