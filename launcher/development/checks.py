"""`mesh check`: style, types, architecture, documents, side by side; what is fine takes a line, what is not says it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from discovery.clock import Clock, SystemClock
from launcher.plan import ROOT

_CHECKS: Mapping[str, Sequence[str]] = {
    "style": ("ruff", "check", "--quiet"),
    "format": ("ruff", "format", "--check", "--quiet"),
    "types": ("mypy",),
    "architecture": ("pytest", "-q", "--no-header", "tests/architecture"),
    "documents": ("launcher.main", "docs", "--check"),
}


# What a check is asked when it broke down, which is another status than that it found something: mypy gives its workers
# three seconds to begin, and a busy machine may need more.
_BROKE_DOWN = 2
_ALONE: Mapping[str, Sequence[str]] = {"types": ("--num-workers", "0")}


async def run_checks(
    checks: Mapping[str, Sequence[str]] = _CHECKS,
    clock: Clock | None = None,
    alone: Mapping[str, Sequence[str]] = _ALONE,
) -> int:
    """Run all of them; 1 when one found something. Each is shown when it is done."""
    clock, console = clock or SystemClock(), Console(highlight=False)
    running = [_run(name, arguments, alone.get(name, ()), clock) for name, arguments in checks.items()]
    failed = 0
    for next_done in asyncio.as_completed(running):
        name, code, output, took_s = await next_done
        failed += code != 0
        console.print("[red]✗[/]" if code else "[green]✓[/]", f"{name} [dim]{took_s:.1f} s[/]")
        if code:
            console.print(Text(output.strip()), soft_wrap=True)
    return 1 if failed else 0


async def _run(name: str, arguments: Sequence[str], alone: Sequence[str], clock: Clock) -> tuple[str, int, str, float]:
    began = clock.now()
    code, output = await _asked(arguments)
    if code == _BROKE_DOWN and alone:
        code, output = await _asked((*arguments, *alone))
    return name, code, output, clock.now() - began


async def _asked(arguments: Sequence[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")
