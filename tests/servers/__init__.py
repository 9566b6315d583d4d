"""Real servers on loopback, for the adapters that have one: installed on request, never by the studio or its tests.

    python -m tests.servers mastodon matrix bluesky   # a minute each; bluesky needs npm and a C++ compiler
    python -m pytest tests/servers                    # what is not installed is skipped, with this reason

They lie in `tests/servers/.installed`, or where STUDIO_TEST_SERVERS says.
"""
