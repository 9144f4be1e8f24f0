"""Counts what a GoogleTest program ran: a row, as JSON. Fails where a test failed, none ran, or one was skipped.

usage: python3 count_tests.py [--skips-allowed] NAME RESULTS.json...
"""
import argparse
import json
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skips-allowed", action="store_true")
    parser.add_argument("name")
    parser.add_argument("results", nargs="+")
    given = parser.parse_args()
    suites = []
    for path in given.results:
        try:
            with open(path, encoding="utf-8") as file:
                suites += json.load(file)["testsuites"]
        except (OSError, ValueError) as error:
            print(f"{given.name}: the program left no results ({error})", file=sys.stderr)
            return 1
    tests = [(suite["name"] + "." + test["name"], test) for suite in suites for test in suite["testsuite"] if test["status"] == "RUN"]
    failed = [name for name, test in tests if "failures" in test]
    skipped = [name for name, test in tests if test.get("result") == "SKIPPED" and "failures" not in test]
    good = not failed and len(tests) > len(skipped) and (given.skips_allowed or not skipped)
    print(json.dumps({"kind": "tests", "name": given.name, "ok": good, "passed": len(tests) - len(failed) - len(skipped), "failed": len(failed),
                      "skipped": len(skipped)}))
    for label, names in (("failed", failed), ("skipped", [] if given.skips_allowed else skipped)):
        for name in names[:20]:
            print(f"{label}: {name}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
