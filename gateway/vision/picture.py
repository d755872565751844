"""A picture in memory."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Rows and columns of grey levels, 0 black to 255 white.
Grey: TypeAlias = NDArray[np.uint8]
