"""What every test shares: Logspire's own fixtures, and a Hypothesis profile fit for any machine."""

import signal
from importlib.metadata import entry_points

from hypothesis import settings

# Installed, Logspire's pytest plugin has loaded itself. From a bare tree it is named here;
# naming it twice is an error in pytest.
if not entry_points(group="pytest11", name="logspire"):
    pytest_plugins = ["logspire.testing.pytest_plugin"]

# A time limit for one example fails on a machine that is busy, not on code that is wrong.
settings.register_profile("logspire", deadline=None)
settings.register_profile("few", deadline=None, max_examples=20)  # for what ran with more already
settings.load_profile("logspire")

# Where a run is started in the background of a shell, SIGINT is ignored, and would be so in every
# program that a test starts: they could not be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
