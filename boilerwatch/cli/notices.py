"""`boilerwatch notices`: whether people would be told."""

import typer

from boilerwatch.channels import Channels
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.wire import format_time

app = typer.Typer(help="Notices to people.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `test` a command of its own."""


@app.command("test")
def try_channels(settings: SettingsOption = None) -> None:
    """Send a notice that says it is a test, by every channel."""
    channels = Channels(load_settings(settings).notices)
    if not channels.any:
        raise SettingsError("nobody would be told: [notices] names neither apprise nor webhook_url")
    now_ms = SYSTEM.now_ms()
    notice = {
        "key": f"test-{now_ms}",
        "action": "test",
        "at": format_time(now_ms),
        "text": "boilerwatch: this is a test",
    }
    result = channels.send(notice, "boilerwatch: test 测试", "This is a test. 这是一条测试通知。", now_ms)
    if not result.sent:
        hint = "trying again may help" if result.again else "the address or its secret is wrong"
        raise BoilerwatchError(f"the test notice did not go by every channel; {hint}; see the lines above")
    print("the test notice went by every channel")
