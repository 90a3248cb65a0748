"""Runs a command of starrocks-br up to the moment at which its plan is made, and says what that took.

The command is its own, called as from a shell. When it is about to reserve its job slot, the BACKUP statement is made and
nothing has been written yet: there it is ended. The last line is one JSON object.
"""

import json
import resource
import sys
import time

from starrocks_br import cli, concurrency, planner

made = {}
build = planner.build_incremental_backup_command


def build_and_keep(partitions, *args, **kwargs):
    made["partitions"] = [(p["database"], p["table"], p["partition_name"]) for p in partitions]
    made["statement"] = build(partitions, *args, **kwargs)
    return made["statement"]


def end_here(*args, **kwargs):
    seconds = time.perf_counter() - started
    cpu = time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print()
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, "peakBytes": peak, **made}))
    sys.stdout.flush()
    sys.exit(0)


planner.build_incremental_backup_command = build_and_keep
concurrency.reserve_job_slot = end_here
started = time.perf_counter()
started_cpu = time.process_time()
cli.cli(sys.argv[1:])
