"""Executes cells of a notebook in a real kernel: ``notebook.py FILE 0 1 restart 0 ...``.

The file has its cells between ``# %%``, as editors and Jupytext write them. Prints what the cells
put out.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


def outputs(cell: Any) -> str:
    """Return the text below a cell."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain") for output in cell.outputs
    ]
    return "".join(filter(None, texts))


async def execute(sources: list[str], steps: list[str]) -> None:
    """Take one step after the other, then end the kernel as closing the notebook does."""
    make: Any = nbformat.v4  # without annotations
    notebook = make.new_notebook(cells=[make.new_code_cell(source) for source in sources])
    client: Any = NotebookClient(notebook, timeout=45, kernel_name="python3")
    # Files in this folder: ports would be chosen now, and taken when the kernel has started.
    client.create_kernel_manager().transport = "ipc"
    async with client.async_setup_kernel():
        client.km.shutdown_wait_time = 45  # a busy machine needs more than Jupyter's 5 seconds
        for step in steps:
            if step == "restart":
                await client.km.restart_kernel()
                await client.kc.wait_for_ready()
            else:
                cell = notebook.cells[int(step)]
                await client.async_execute_cell(cell, int(step))
                print(f"[{step}]", outputs(cell), flush=True)


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    _, *sources = re.split(r"^# %%.*\n", text, flags=re.MULTILINE)
    asyncio.run(execute(sources, sys.argv[2:]))
