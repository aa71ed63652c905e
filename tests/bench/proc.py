"""What processes cost: CPU seconds and memory, from /proc."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    seconds: float
    of_children: float


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(f) / TICK for f in fields[11:15])
    return _Stat(int(fields[1]), utime + stime, cutime + cstime)


def _descendants(root: int) -> list[int]:
    parents = {int(p.name): s.parent for p in Path("/proc").iterdir() if p.name.isdigit() and (s := _stat(int(p.name)))}
    found = [root]
    for pid in found:  # grows while it is walked
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def cpu_seconds(root: int) -> float:
    """CPU time of a process and everything that it started, also of what has ended meanwhile."""
    stats = [s for pid in _descendants(root) if (s := _stat(pid))]
    return sum(s.seconds + s.of_children for s in stats)


def cpu_by_login(server: int) -> dict[str, float]:
    """CPU time of a PostgreSQL server by whose connections it was spent for; `server` is everything else."""
    found: dict[str, float] = {}
    for pid in _descendants(server):
        stat = _stat(pid)
        if stat is not None:
            login = _login(pid)
            found[login] = found.get(login, 0.0) + stat.seconds + stat.of_children
    return found


def _login(pid: int) -> str:
    # a backend calls itself `postgres: <login> <database> …`; other processes of the server name their work
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    except OSError:
        return "server"
    backend = len(words) > 3 and words[0] == "postgres:" and words[3] == "[local]"
    return words[1] if backend else "server"


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """CPU time between two looks."""
    return {name: round(after[name] - before.get(name, 0.0), 3) for name in after}


def memory_mb(root: int) -> int:
    """Memory of a process and everything that it started; what several share counts once (proportional set size)."""
    return round(sum(_kilobytes(pid) for pid in _descendants(root)) / 1024)


def _kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
