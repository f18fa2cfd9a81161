"""The table of all behaviours, BEHAVIOURS: each module enters its own."""

import content_faults  # noqa: F401
import start_faults  # noqa: F401
import status_faults  # noqa: F401
import wire_faults  # noqa: F401
from selection import BEHAVIOURS  # noqa: F401
