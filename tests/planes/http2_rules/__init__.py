"""What RFC 9113 and RFC 7541 say of a server, case by case: what is sent, and what has to come of it."""

import collections

# `send` is a list of frames. `expect` is what FrameClient.outcome() says: where it is "goes on" a last
# request tells that the connection serves on. `greet`: the frames follow a preface and settings.
Case = collections.namedtuple("Case", "section name send expect greet", defaults=[True])


def table(section, *rows):
    return [Case(section, *row) for row in rows]
