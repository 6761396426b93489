"""Sphinx settings: Markdown pages, whose examples are run as doctests."""

import doctest
import os
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature

from logspire._version import __version__

project = "Logspire"
author = "The Logspire developers"
copyright = "the Logspire developers"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxcontrib.programoutput",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

# A name that leads nowhere is an error. In docstrings a single backtick is a name.
nitpicky = True
default_role = "py:obj"
nitpick_ignore = [
    ("py:class", "CloudWatchLogsClient"),  # of boto3's stubs, which have no reference
    ("py:class", "Default"),  # what the source calls a function that is named beside it
]

html_theme = "furo"
html_title = f"Logspire {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Examples are {doctest} fences: they read as any fence does, and the doctest builder runs them.
doctest_default_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# At their first record the SDK is imported: a busy machine may take longer than the usual time-out.
doctest_global_setup = """
import logspire
logspire.CloudWatchLogHandler.__init__.__kwdefaults__["shutdown_timeout"] = 100
"""

# The help of commands is printed by the Python that builds this.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# Where Python's own names are documented. By hand, for there are few, and intersphinx would fetch
# its inventory from the network each time.
PYTHON = {
    "Random": "random.html#random.Random",
    "collections.abc.Mapping": "collections.abc.html#collections.abc.Mapping",
    "timedelta": "datetime.html#datetime.timedelta",
}


def python_reference(
    _app: Sphinx, _environment: object, node: pending_xref, shown: nodes.Node
) -> nodes.Node | None:
    """Return a link for a name of Python's own."""
    place = PYTHON.get(node["reftarget"])
    if place is None:
        return None
    url = f"https://docs.python.org/3/library/{place}"
    return nodes.reference("", "", shown, internal=False, refuri=url)


def constructor_signature(
    _app: Sphinx, what: str, _name: str, shown: type, _options: object, text: str, returns: str
) -> tuple[str, str]:
    """Return what a class is made with: Sphinx shows a ``__new__`` that takes anything instead."""
    if what == "class" and text == "(*_, **__)":
        made_with = signature(shown.__init__, bound_method=True)
        text = stringify_signature(made_with, show_annotation=False)
    return text, returns


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", constructor_signature)
    app.connect("missing-reference", python_reference)
