# SPDX-License-Identifier: Apache-2.0
"""Starts wstest (Python 2.7) on loopback only, without pyOpenSSL.

WSTEST_MESSAGES shortens the compression cases, 12.* and 13.*, which send 1000 messages each by default, and their
timeouts of up to eight minutes.
"""
import os
import site
import sys
import types
import unittest

# zope is a namespace package: it is found through a .pth file, which PYTHONPATH alone does not read.
site.addsitedir(os.environ["PYTHONPATH"])

# Autobahn drags in its own unit tests, written for a backport of what Python 2.7 has.
sys.modules["unittest2"] = unittest

# It imports Twisted's TLS module even for ws://, and that one wants pyOpenSSL.
import twisted.internet

tls = types.ModuleType("twisted.internet.ssl")
tls.ClientContextFactory = object
twisted.internet.ssl = sys.modules[tls.__name__] = tls

# This first import installs the reactor; any other import of Autobahn or of the reactor comes after it.
import autobahntestsuite
from autobahntestsuite import wstest
from autobahntestsuite.case import Cases
from twisted.internet import reactor

listen = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=""):
    """Autobahn always asks for every interface, whatever host the url of the spec names."""
    return listen(port, factory, backlog, "127.0.0.1")


reactor.listenTCP = listen_on_loopback

messages = int(os.environ.get("WSTEST_MESSAGES", 0))
if messages:
    for case in Cases:
        if case.__name__.startswith(("Case12_", "Case13_")):
            case.COUNT = messages
            case.WAITSECS = min(case.WAITSECS, 30 + messages)

wstest.run()
