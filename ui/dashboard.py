"""The dashboard: sidebar and six panels over one studio, and how Gradio must serve them."""

from typing import Literal, TypedDict

import gradio as gr

from studio import Studio
from ui.caller import page_of
from ui.chat import ChatPanel
from ui.compare import ComparePanel
from ui.follow import Turns
from ui.images import ImagesPanel
from ui.models import ModelsPanel
from ui.page import ASSETS
from ui.panel import area, on
from ui.render import icon
from ui.replies import ReplyActions
from ui.sidebar import MARK, Sidebar
from ui.speech import SpeechPanel
from ui.theme import HearthTheme
from ui.translate import TranslatePanel
from ui.usage import UsagePanel
from ui.voice import VoiceMode
from ui.words import I18N, both, label

TITLE = "Hearth"
MAX_UPLOAD = "200mb"
UPLOADS_GO = (3_600, 24 * 3_600)  # looked at every hour, gone after a day: seconds


def build(studio: Studio) -> gr.Blocks:
    """Build the dashboard of a studio; serve it with ``launch_kwargs`` or ``mount_kwargs``."""
    turns = Turns()
    sidebar = Sidebar(studio)
    chat = ChatPanel(studio, turns, sidebar)
    compare, replies, voice = ComparePanel(chat), ReplyActions(chat), VoiceMode(chat)
    translate, images = TranslatePanel(studio, turns), ImagesPanel(studio, turns)
    speech, models, usage = SpeechPanel(studio, turns), ModelsPanel(studio, turns), UsagePanel(studio, turns)
    demo = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=UPLOADS_GO)
    with demo:
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="side", scale=0, min_width=0):
                sidebar.build()
            with gr.Column(elem_id="main", min_width=0):
                area(_bar(), elem_id="bar")
                area(_closer(), elem_id="closer")
                with gr.Tabs(elem_id="nav", selected="chat", overflow_behavior="wrap"):
                    with gr.Tab(label("tab_chat"), id="chat", elem_id="tab-chat") as chat_tab:
                        chat.build(below=(replies.build, voice.build))
                        compare.build()
                    with gr.Tab(label("tab_translate"), id="translate", elem_id="tab-translate"):
                        translate.build()
                    with gr.Tab(label("tab_images"), id="images", elem_id="tab-images") as images_tab:
                        images.build()
                    with gr.Tab(label("tab_speech"), id="speech", elem_id="tab-speech") as speech_tab:
                        speech.build()
                    with gr.Tab(label("tab_models"), id="models", elem_id="tab-models") as models_tab:
                        models.build()
                    with gr.Tab(label("tab_usage"), id="usage", elem_id="tab-usage") as usage_tab:
                        usage.build()
        for panel in (chat, compare, replies, voice, translate, images, speech):
            panel.wire(demo)
        # What is costly to draw waits until its panel is opened.
        models.wire(models_tab)
        usage.wire(usage_tab)
        images.found.wire_chat(chat.attachments)
        on([images_tab.select], images.refresh, set(images.found.fields), images.kept_up)
        drawer = chat.drawer
        on([chat_tab.select], drawer.list_models, [drawer.model], [drawer.model, drawer.hint])
        on([images_tab.select], images.list_models, [images.form.model], [*images.form.told, images.status])
        spoken = [speech.voice, speech.writing.model]
        on([speech_tab.select], speech.list_models, spoken, spoken)

        def leave(request: gr.Request) -> None:
            turns.leave(page_of(request))
            replies.leave(page_of(request))
            voice.leave(page_of(request))
            chat.sending.leave(page_of(request))
            chat.attachments.leave(page_of(request))
            speech.leave(page_of(request))

        demo.unload(leave)
    # A follower is a waiting coroutine: it takes no worker, so none has to wait for another.
    demo.queue(default_concurrency_limit=None, api_open=False)
    return demo


class MountOptions(TypedDict):
    """Settings of Gradio's server that are not its defaults."""

    theme: HearthTheme
    js: str
    i18n: gr.I18n
    show_error: bool
    run_history: bool
    footer_links: list[Literal["api", "gradio", "settings", "runs"] | dict[str, str]]
    enable_monitoring: bool
    max_file_size: str
    favicon_path: str
    pwa: bool
    ssr_mode: bool
    mcp_server: bool


def mount_kwargs() -> MountOptions:
    """Return what ``gr.mount_gradio_app`` must be given; set ``demo.has_launched = True`` beside it.

    No ``css=``: Gradio would confine every rule to its own container. ``ui.page`` adds the styles.
    """
    return {
        "theme": HearthTheme(),
        "js": (ASSETS / "hearth.js").read_text(encoding="utf-8"),
        "i18n": I18N,
        "show_error": False,
        "run_history": False,
        "footer_links": [],
        "enable_monitoring": False,
        "max_file_size": MAX_UPLOAD,
        "favicon_path": str(ASSETS / "favicon.svg"),
        "pwa": False,
        "ssr_mode": False,
        "mcp_server": False,
    }


def _bar() -> str:
    """Return the bar of small screens: what opens the sidebar, and the name."""
    return (
        f'<a class="skip" href="#main">{both("skip")}</a>'
        f'<button type="button" class="btn quiet" id="open-side" aria-expanded="false" aria-controls="side">'
        f'{icon("menu")}<span class="hidden-text">{both("menu")}</span></button>'
        f'<p class="wordmark">{MARK}Hearth</p>'
    )


def _closer() -> str:
    """Return what closes an open drawer, beside it."""
    name = f'<span class="hidden-text">{both("close")}</span>'
    return f'<button type="button" class="btn quiet" id="close-drawer" hidden>{icon("close")}{name}</button>'
