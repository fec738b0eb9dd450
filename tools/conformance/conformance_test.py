"""The conformance page says what the tests say, and no mark names a wrong rule."""
import os
import pathlib
import sys

import conformance

root = pathlib.Path(os.path.realpath("WORKSPACE")).parent
sys.argv[1:] = ["--check", "--root", str(root)]
sys.exit(conformance.main())
