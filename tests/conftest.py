"""What every test shares: Logspire's own fixtures, and a Hypothesis profile fit for any machine."""

from importlib.metadata import entry_points

from hypothesis import settings

# Installed, Logspire's pytest plugin has loaded itself. From a bare tree it is named here;
# naming it twice is an error in pytest.
if not entry_points(group="pytest11", name="logspire"):
    pytest_plugins = ["logspire.testing.pytest_plugin"]

# A time limit for one example fails on a machine that is busy, not on code that is wrong.
settings.register_profile("logspire", deadline=None)
settings.load_profile("logspire")
