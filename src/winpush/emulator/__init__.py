"""A local push service that behaves as documented, for tests and for people without a phone or a network.

`with Emulator() as emulator:` starts one on a free port of 127.0.0.1. `emulator.create_channel(version="8.0")` returns
a simulated phone whose channel URI looks like a real one, and the page at `emulator.url` shows what arrives. Needs the
extra `winpush[emulator]`.
"""

try:  # only to name the missing extra, before a module needs it
    import cryptography as _cryptography  # noqa: F401 - see above
    import markdown_it as _markdown_it  # noqa: F401
    import starlette as _starlette  # noqa: F401
    import uvicorn as _uvicorn  # noqa: F401
except ImportError as missing:
    from winpush.errors import ConfigurationError

    raise ConfigurationError(f'The emulator needs {missing.name}. Run: pip install "winpush[emulator]"') from None

from winpush.emulator.apps import App
from winpush.emulator.faults import Fault
from winpush.emulator.mpns.channel_states import CHANNEL_STATES
from winpush.emulator.server import Emulator
from winpush.emulator.service import entra_credentials_for
from winpush.emulator.webpush.browser import Browser, ReceivedMessage
from winpush.emulator.webpush.channel_states import SUBSCRIPTION_STATES
from winpush.emulator.webpush.families import BROWSERS
from winpush.emulator.wns.device import WINDOWS_CHANNEL_STATES, Device
from winpush.emulator.world import Phone, Record

__all__ = [
    "BROWSERS",
    "CHANNEL_STATES",
    "SUBSCRIPTION_STATES",
    "WINDOWS_CHANNEL_STATES",
    "App",
    "Browser",
    "Device",
    "Emulator",
    "Fault",
    "Phone",
    "ReceivedMessage",
    "Record",
    "entra_credentials_for",
]
