"""The delivery shell: the queue, the threads, exit and fork.

Everything that blocks, waits or runs beside the application is here. It knows no AWS: what it
delivers to is a `Destination`.
"""
