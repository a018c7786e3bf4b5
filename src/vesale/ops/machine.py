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


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def machine() -> str:
    """Kind of machine in a few words: architecture, system, processors; no name of it."""
    return f"{platform.machine()}, {platform.system()}, {processors()} processors"
