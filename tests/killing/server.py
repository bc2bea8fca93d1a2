"""Forks a `vsa` command for each line of JSON on stdin, so that a random moment falls into its work and not into
Python's start. Run as a program, with the modules to import before as arguments.

    in   {"argv": ["import", …], "folder": "/somewhere", "output": "/somewhere/output.txt"}
    out  the process's number, and when it has ended its exit code (−9: killed)
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback


def serve(modules: list[str]) -> None:
    for module in modules:
        importlib.import_module(module)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            run(request)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def run(request: dict[str, str]) -> None:
    """The command, in the child; does not come back."""
    code = 1
    try:
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.chdir(request["folder"])
        from vsa_toolkit.cli import main

        main(list(request["argv"]))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1:])
