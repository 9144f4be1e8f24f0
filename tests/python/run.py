"""Runs the tests of this folder; the last line is "N passed, N failed, N skipped"."""
import os
import sys
import unittest

result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.discover(os.path.dirname(os.path.abspath(__file__))))
failed = {getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors}  # of parts of a test: the test
failed |= {test.id() for test in result.unexpectedSuccesses}
skipped = {test.id() for test, _ in result.skipped} - failed
print(f"{result.testsRun - len(failed) - len(skipped)} passed, {len(failed)} failed, {len(skipped)} skipped")
sys.exit(0 if not failed and result.testsRun > 0 else 1)
