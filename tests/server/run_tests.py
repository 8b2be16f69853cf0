"""Tests of the server as a program. Usage: run_tests.py PROGRAM [TEST …]; without a name, all of them."""

import sys
import unittest
from pathlib import Path

import serving

if __name__ == "__main__":
    serving.PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    sys.path.insert(0, str(Path(__file__).parent))
    names = sys.argv[1:] or [path.stem for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    sys.exit(not result.wasSuccessful())
