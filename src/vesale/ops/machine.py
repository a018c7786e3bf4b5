"""What this process used and what it runs on; the one place with calls that differ between systems."""

import os
import platform
import sys


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, in MB (1e6 bytes)."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) * (1 if sys.platform == "darwin" else 1024) / 1e6


def limit_memory(more: int) -> None:
    """Let this process take `more` bytes beyond what it has now; where the system knows no such limit, nothing."""
    if sys.platform == "win32":
        return
    import resource

    import psutil

    wanted = psutil.Process().memory_info().vms + more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def machine() -> str:
    """Kind of machine in a few words: architecture, system, processors; no name of it."""
    return f"{platform.machine()}, {platform.system()}, {processors()} processors"
