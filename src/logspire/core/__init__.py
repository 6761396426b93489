"""The pure core: what to send, when, and what to do with the answer.

No thread, lock, clock, socket or randomness lives here. Time and jitter come in as arguments,
decisions go out as values, so every rule can be tested without waiting and without patching.
"""
