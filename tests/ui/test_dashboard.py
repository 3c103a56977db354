"""How the dashboard is served: the settings that are not Gradio's defaults, and what it may ask for."""

import re
from pathlib import Path

import gradio as gr

from tests.ui.conftest import Asked
from ui.caller import caller_of, link
from ui.dashboard import mount_kwargs
from ui.page import ASSETS, FIRST_FONTS
from ui.theme import CHART_COLOURS, HearthTheme

UI = Path(__file__).resolve().parents[2] / "ui"


def test_what_a_visitor_must_not_see_is_off() -> None:
    options = mount_kwargs()
    assert options["show_error"] is False
    assert options["run_history"] is False
    assert options["footer_links"] == []
    assert options["enable_monitoring"] is False
    assert options["mcp_server"] is False


def test_no_handler_is_offered_as_an_endpoint_and_none_waits_for_another(demo: gr.Blocks) -> None:
    for block in demo.fns.values():
        if block.fn is not None and block.name != "leave":
            assert block.api_visibility == "private", block.name
            assert block.concurrency_limit is None, block.name


def test_nothing_names_another_host() -> None:
    for path in [*UI.glob("*.py"), *ASSETS.glob("*.css"), *ASSETS.glob("*.js")]:
        hosts = set(re.findall(r"https?://([\w.-]+)", path.read_text()))
        assert hosts <= {"www.w3.org", "huggingface.co", "127.0.0.1"}, path.name
    assert "googleapis" not in HearthTheme()._get_theme_css()


def test_fonts_that_the_look_names_are_there() -> None:
    named = re.findall(r'url\("(fonts/[^"]+)"\)', (ASSETS / "hearth.css").read_text())
    assert len(named) == 2
    for name in named:
        assert (ASSETS / name).read_bytes()[:4] == b"wOF2"
    static = Path(gr.__file__).parent / "templates" / "frontend"
    for name in re.findall(r"url\('(static/[^']+)'\)", HearthTheme()._get_theme_css()):
        assert (static / name).stat().st_size > 20_000, f"{name} holds too few letters"


def test_fonts_that_are_asked_for_first_are_there() -> None:
    static = Path(gr.__file__).parent / "templates" / "frontend"
    for name in FIRST_FONTS:
        assert (ASSETS.parent / name.replace("hearth/", "assets/") if "hearth" in name else static / name).is_file()


def test_the_chart_colours_of_the_page_are_those_of_the_theme() -> None:
    css = (ASSETS / "hearth.css").read_text()
    for index, colour in enumerate(CHART_COLOURS, start=1):
        assert f"--chart-{index}: {colour.lower()};" in css
        assert f'[fill="{colour}"]' in css


def test_a_page_without_a_gate_belongs_to_the_one_person_of_this_machine(ask: Asked) -> None:
    caller = caller_of(ask())
    assert (caller.owner, caller.role, caller.via) == ("local", "admin", "ui")
    assert caller_of(None).owner == "local"


def test_a_guest_is_a_user(ask: Asked) -> None:
    caller = caller_of(ask(owner="guest-7"))
    assert (caller.owner, caller.role) == ("guest-7", "user")


def test_addresses_stay_below_a_proxys_prefix(ask: Asked) -> None:
    request = ask()
    assert link(request, "files/1") == "/files/1"
    request.request.scope["root_path"] = "/ai/"
    assert link(request, "/files/1") == "/ai/files/1"
