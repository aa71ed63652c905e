"""Runs a service under cProfile and writes what it found when the service ends: `python -m bench.profiled FILE MODULE`."""

import cProfile
import runpy
import sys


def main() -> None:
    """Profile the module as if it had been started itself."""
    out, module = sys.argv[1:3]
    sys.argv = [module]
    profile = cProfile.Profile()
    try:
        profile.runcall(runpy.run_module, module, run_name="__main__")
    finally:
        profile.dump_stats(out)


if __name__ == "__main__":
    main()
