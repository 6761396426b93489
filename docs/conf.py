"""Sphinx settings: Markdown pages, whose examples are run as doctests."""

import doctest

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
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

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
