"""Conversations as files: each format, the round trip, ChatGPT's export, and damaged files that import nothing."""

import html.parser
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from contract.documents import FileText
from store import ConversationTree, TreeFile, TreeMessage
from studio import Caller, ChatSettings, InputTooLarge, InvalidRequest, Message, NotFound, Studio, importing
from studio.exporting import export
from tests import files
from tests.studio.asking import LOCAL
from tests.studio.test_attaching import attach

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' </div><img src=x onerror=alert(2)>"


@pytest.fixture
def branched(echo_studio: Studio) -> str:
    """A conversation with an edited message, a reply written again, tags, a folder and settings; returns its id."""
    conversation, job = echo_studio.say(None, "first wording", LOCAL, system="Be brief.")
    job.wait()
    own, reply = echo_studio.conversations.messages(conversation.id, "local")
    _, job = echo_studio.regenerate(conversation.id, reply.id, LOCAL)
    job.wait()
    _, job = echo_studio.edit(conversation.id, own.id, "second wording żółć", LOCAL, system="Be brief.")
    job.wait()
    echo_studio.conversations.tag(conversation.id, "local", ["b", "a"])
    echo_studio.conversations.file(conversation.id, "local", "Work")
    echo_studio.conversations.rename(conversation.id, "local", "Zażółć / gęślą")
    return conversation.id


def node(parent: str | None, role: str, text: object, **more: object) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text]} if isinstance(text, str) else text
    message = {"author": {"role": role}, "content": content, "create_time": 1_700_000_000.5, "metadata": {}, **more}
    return {"parent": parent, "message": message, "children": []}


def chatgpt() -> dict[str, Any]:
    """A conversation as ChatGPT exports it: a root of nothing, two branches, a hidden one, a tool and a picture."""
    picture = {"content_type": "multimodal_text", "parts": [{"asset_pointer": "file://x"}, "what is this?"]}
    return {
        "title": "Winter trip",
        "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_100,
        "current_node": "answer2",
        "mapping": {
            "root": {"parent": None, "message": None, "children": ["system"]},
            "system": node("root", "system", ""),
            "hidden": node("system", "user", "about me", metadata={"is_visually_hidden_from_conversation": True}),
            "ask": node("hidden", "user", picture),
            "call": node("ask", "assistant", {"content_type": "code", "text": "search()"}),
            "tool": node("call", "tool", {"content_type": "tether_quote", "text": "found"}),
            "answer": node("tool", "assistant", "A lake.", metadata={"model_slug": "gpt-4o"}),
            "answer2": node("tool", "assistant", "A \ud800sea.\x00"),
            "empty": node("answer", "assistant", {"content_type": "text"}),
        },
    }


def test_own_json_makes_the_same_conversation_again_with_every_branch(echo_studio: Studio, branched: str) -> None:
    made = echo_studio.export_conversation(branched, LOCAL, "json")
    found = echo_studio.import_conversations(made.data, Caller(owner="anna"))

    assert found.messages == 5 and found.left_out == 0
    again = echo_studio.export_conversation(found.ids[0], Caller(owner="anna"), "json")
    assert again == made
    assert json.loads(made.data)["leaf"] == 4
    assert made.name == "zażółć-gęślą.json"
    texts = [message.content for message in echo_studio.conversations.messages(found.ids[0], "anna")]
    assert texts == ["second wording żółć"] * 2
    assert echo_studio.search.find("anna", "wording"), "what was imported is found"
    with pytest.raises(NotFound):
        echo_studio.export_conversation(branched, Caller(owner="anna"))


def test_an_imported_conversation_goes_on(echo_studio: Studio, branched: str) -> None:
    data = echo_studio.export_conversation(branched, LOCAL, "json").data
    (id,) = echo_studio.import_conversations(data, LOCAL).ids
    _, job = echo_studio.say(id, "and on", LOCAL)
    job.wait()
    assert [message.content for message in echo_studio.conversations.messages(id, "local")][2:] == ["and on"] * 2


def test_markdown_holds_the_branch_in_view(echo_studio: Studio, branched: str) -> None:
    text = echo_studio.export_conversation(branched, LOCAL, "markdown").data.decode()
    assert text.startswith("# Zażółć / gęślą\n\n## You\n\nsecond wording żółć\n\n## echo-chat\n\n")
    assert "first wording" not in text


def test_html_shows_hostile_texts_as_they_are_and_needs_nothing_from_elsewhere(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, HOSTILE, LOCAL)
    job.wait()
    echo_studio.conversations.rename(conversation.id, "local", HOSTILE)
    page = echo_studio.export_conversation(conversation.id, LOCAL, "html").data.decode()

    class Reader(html.parser.HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: list[str] = []
            self.text = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)
            assert not {"src", "href"} & {name for name, _ in attrs}

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(page)
    assert not {"script", "img", "link", "iframe"} & set(reader.tags)
    assert reader.text.count(HOSTILE) == 4
    assert "default-src 'none'" in page


def told(reply: str, question: str = "And?") -> ConversationTree:
    """A conversation of one question and one reply."""
    when = "2026-01-31T12:00:00.000Z"
    asked = TreeMessage(parent=None, role="user", content=question, created_at=when)
    answer = TreeMessage(parent=0, role="assistant", content=reply, created_at=when)
    return ConversationTree(
        title="Told", title_by="words", created_at=when, updated_at=when, leaf=1, messages=(asked, answer)
    )


def test_html_shows_a_reply_formatted_and_a_question_as_it_was_typed() -> None:
    reply = "# Sum\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1 < 2)\n```\n*one*\ntwo"
    page = export(told(reply, "*why*\n\n  indented"), "html").data.decode()

    assert "<h1>Sum</h1>" in page and "<td>2</td>" in page and "<em>one</em><br />\ntwo" in page
    assert '<pre><code class="language-python">print(1 &lt; 2)\n</code></pre>' in page
    assert '<div class="text">*why*\n\n  indented</div>' in page


def test_html_leaves_formulas_as_they_are_written() -> None:
    formulas = (r"\(a*b*c\)", r"\[\int_0^1 x\,dx\]", r"$$a_1 \\ *b* _c_$$", "$x_1*y*$")
    page = export(told("Here: " + " and ".join(formulas) + r" for $5 and *$6* \*each\*."), "html").data.decode()

    assert all(formula in page for formula in formulas) and "for $5 and <em>$6</em> *each*." in page


@pytest.mark.parametrize(
    "reply",
    [
        "[a](javascript:alert(1))",
        "![a](http://example.com/x.png)",
        "<img src=x onerror=alert(1)>",
        "```x onload=alert(1)\n</pre><script>alert(1)</script>\n```",
        '[a](http://example.com/"onmouseover="alert(1))',
        "<javascript:alert(1)>",
    ],
)
def test_html_runs_and_fetches_nothing_of_a_hostile_reply(reply: str) -> None:
    page = export(told(reply), "html").data.decode()

    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    assert not [tag for tag in tags if re.match(r"<(?:script|img|iframe)\b|.*(?:\son\w+=|javascript:)", tag)]


def test_a_notebook_is_valid_and_holds_each_question_as_code(echo_studio: Studio) -> None:
    hostile = 'quotes """ \\ {braces}\n\nimport os'
    conversation, job = echo_studio.say(None, hostile, LOCAL)
    job.wait()
    notebook = nbformat.reads(echo_studio.export_conversation(conversation.id, LOCAL, "notebook").data.decode(), 4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "markdown"]
    assert repr(hostile) in notebook.cells[2].source
    for cell in notebook.cells:
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")


def test_a_notebook_asks_again_with_the_files_and_without_the_collections(
    echo_studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Studio, "open", lambda: echo_studio)
    document = attach(echo_studio, tmp_path, "plan.txt", b'the "oak" \\ plan')
    collection = echo_studio.collections.create("local", "Woods")
    settings = ChatSettings(max_tokens=40, stop=("never",), collections=(collection.id,))
    conversation, job = echo_studio.say(None, "", LOCAL, attachments=[document], settings=settings)
    job.wait()
    _, job = echo_studio.say(conversation.id, "And this?", LOCAL, settings=settings, system="Be brief.")
    job.wait()
    notebook = nbformat.reads(echo_studio.export_conversation(conversation.id, LOCAL, "notebook").data.decode(), 4)
    assert "collections" in notebook.cells[0].source
    scope: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, scope)

    asked = [message for message in scope["messages"] if isinstance(message, Message)]
    assert [file.text for file in asked[0].attachments] == ['the "oak" \\ plan']
    assert len(scope["messages"]) == 5 and scope["reply"].text


def test_a_notebook_carries_the_pictures_that_were_asked_about() -> None:
    picture = TreeFile(name="cat.png", read=FileText("image", "image/png"), content=files.png())
    when = "2026-01-31T12:00:00.000Z"
    asked = TreeMessage(parent=None, role="user", content="What is it?", created_at=when, attachments=(picture,))
    tree = ConversationTree(title="Cat", title_by="words", created_at=when, updated_at=when, leaf=0, messages=(asked,))
    begin, ask = [cell for cell in json.loads(export(tree, "notebook").data)["cells"] if cell["cell_type"] == "code"]
    scope: dict[str, Any] = {"messages": []}
    exec(begin["source"].replace("s = Studio.open()", ""), scope)
    exec(ask["source"].partition("\n")[0], scope)

    assert scope["messages"] == [Message("user", "What is it?", images=(files.png(),))]


@pytest.mark.parametrize("packed", ["plain", "zip", "parts"])
def test_chatgpts_export_becomes_a_tree_of_texts(echo_studio: Studio, packed: str) -> None:
    data = json.dumps([chatgpt()]).encode()
    if packed != "plain":
        names = (
            ["export/conversations.json"] if packed == "zip" else ["conversations-000.json", "conversations-001.json"]
        )
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("user.json", "{}")
            for name in names:
                archive.writestr(name, data)
        data = buffer.getvalue()

    found = echo_studio.import_conversations(data, LOCAL)

    times = 2 if packed == "parts" else 1
    assert (len(found.ids), found.messages, found.left_out) == (times, 4 * times, 3 * times)
    conversation = echo_studio.conversations.get(found.ids[0], "local")
    assert (conversation.title, conversation.title_by) == ("Winter trip", "person")
    assert conversation.created_at == "2023-11-14T22:13:20.250Z"
    branch = echo_studio.conversations.messages(found.ids[0], "local")
    assert [message.content for message in branch] == ["what is this?", "```\nsearch()\n```", "A ?sea."]
    siblings = echo_studio.conversations.siblings(branch)[branch[-1].id]
    lake = echo_studio.conversations.message(siblings[0])
    assert lake is not None and (lake.content, lake.model) == ("A lake.", "gpt-4o")


def test_what_chatgpt_said_aloud_thought_ran_and_cited_is_kept_as_text(echo_studio: Studio) -> None:
    spoken = {"content_type": "audio_transcription", "text": "How warm is it?", "direction": "in"}
    sound = {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": {"asset_pointer": "x"}}
    thought = {"content_type": "thoughts", "thoughts": [{"summary": "Ask", "content": "The lake."}, None], "source": 1}
    recap = {"content_type": "reasoning_recap", "content": "Thought for 2 s"}
    code = {"content_type": "code", "language": "python", "text": "print('```')"}
    cited = "It is 4\u00a0°C \ue200cite\ue202turn0search1\ue201 today."
    item = {
        "title": "Lake",
        "is_starred": True,
        "mapping": {
            "root": {"parent": None, "message": None},
            "notes": node("root", "assistant", {"content_type": "model_editable_context", "model_set_context": ""}),
            "ask": node("notes", "user", {"content_type": "multimodal_text", "parts": [spoken, sound]}),
            "thought": node("ask", "assistant", thought),
            "recap": node("thought", "assistant", recap),
            "run": node("recap", "assistant", code),
            "printed": node("run", "tool", {"content_type": "execution_output", "text": "4"}),
            "nothing": node("printed", "tool", {"content_type": "execution_output", "text": ""}),
            "reply": node("nothing", "assistant", cited),
        },
    }
    found = echo_studio.import_conversations(json.dumps([item]).encode(), LOCAL)

    branch = echo_studio.conversations.messages(found.ids[0], "local")
    assert [(message.role, message.content) for message in branch] == [
        ("user", "How warm is it?"),
        ("assistant", "````python\nprint('```')\n````"),
        ("assistant", "```\n4\n```"),
        ("assistant", "It is 4\u00a0°C today."),
    ]
    assert [message.reasoning for message in branch] == ["", "Ask\n\nThe lake.", "", ""]
    assert found.left_out == 1 and echo_studio.conversations.get(found.ids[0], "local").pinned


def test_a_conversation_of_chatgpts_without_title_or_place_is_named_by_its_first_words(echo_studio: Studio) -> None:
    item = {**chatgpt(), "title": None, "current_node": None, "create_time": None}
    (id,) = echo_studio.import_conversations(json.dumps(item).encode(), LOCAL).ids
    assert echo_studio.conversations.get(id, "local").title == "what is this?"
    assert echo_studio.conversations.messages(id, "local")[-1].content == "A ?sea."


def change(*path: str | int, to: object) -> Callable[[Any], Any]:
    def changed(item: Any) -> Any:
        at = item
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = to
        return item

    return changed


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (change("mapping", to=[]), "[1].mapping is damaged: it is no object"),
        (change("mapping", "ask", to=7), "[1].mapping.ask is damaged"),
        (change("mapping", "ask", "parent", to="gone"), "[1].mapping.ask.parent is damaged: it names a message"),
        (change("mapping", "root", "parent", to="answer"), "circle"),
        (change("mapping", "ask", "message", "author", to=None), "[1].mapping.ask.message.author is damaged"),
        (change("mapping", "ask", "message", "content", to="hi"), "[1].mapping.ask.message.content is damaged"),
        (change("mapping", "answer", "message", "content", "parts", to="x"), "content.parts is damaged: it is no list"),
        (change("mapping", "ask", "message", "create_time", to=1e300), "create_time is damaged: it is no time"),
        (change("current_node", to="gone"), "[1].current_node is damaged"),
        (change("title", to=7), "[1].title is damaged"),
    ],
)
def test_a_damaged_export_of_chatgpt_names_the_place_and_imports_nothing(
    echo_studio: Studio, damage: Callable[[Any], Any], place: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        echo_studio.import_conversations(json.dumps([chatgpt(), damage(chatgpt())]).encode(), LOCAL)
    assert place in caught.value.message
    assert echo_studio.conversations.all("local") == []


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (
            change("messages", 2, "parent", to=2),
            "messages[2].parent is damaged: it must be the place of a message before",
        ),
        (change("messages", 1, "role", to="god"), "messages[1].role is damaged"),
        (change("messages", 1, "state", to="growing"), "messages[1].state is damaged"),
        (change("messages", 1, "created_at", to="yesterday"), "messages[1].created_at is damaged"),
        (change("messages", 0, "content", to="a\x00b"), "messages[0].content is damaged"),
        (change("messages", 0, "content", to="a\ud800b"), "messages[0].content is damaged"),
        (change("messages", 0, "extra", to=1), "messages[0].extra is damaged"),
        (change("messages", 0, "ex\ud800", to=1), "messages[0] is damaged"),
        (change("leaf", to=99), "leaf is damaged"),
        (change("leaf", to=None), "leaf is damaged"),
        (change("tags", to=["x" * 61]), "tags[0] is damaged"),
        (change("version", to=3), "version 3; this Hearth reads up to 2"),
        (change("format", to="other"), "neither an export of Hearth nor of ChatGPT"),
    ],
)
def test_a_damaged_file_of_our_own_names_the_place_and_imports_nothing(
    echo_studio: Studio, branched: str, damage: Callable[[Any], Any], place: str
) -> None:
    item = json.loads(echo_studio.export_conversation(branched, LOCAL).data)
    with pytest.raises(InvalidRequest) as caught:
        echo_studio.import_conversations(json.dumps(damage(item)).encode(), Caller(owner="anna"))
    assert place in caught.value.message
    assert echo_studio.conversations.all("anna") == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1, column 1"),
        (b'[\n{"title": "x",\n}]', "line 3, column 1"),
        (b"\xff\xfe", "no text at byte 0"),
        (b"[" * 200_000, "damaged"),
        (b'{"version": NaN}', "NaN is no number"),
        (b'{"version": 1e999}', "1e999 is no number"),
        (b"[]", "holds no conversation"),
        (b'{"a": 1}', "neither an export"),
        (b"PK\x03\x04 but no zip", "The zip is damaged"),
    ],
)
def test_what_is_no_export_is_told_so(echo_studio: Studio, data: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        echo_studio.import_conversations(data, LOCAL)


def test_a_zip_that_unpacks_to_too_much_is_refused(echo_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "IMPORT_BYTES", 10_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", b" " * 1_000_000)
    assert len(buffer.getvalue()) < 10_000
    with pytest.raises(InputTooLarge):
        echo_studio.import_conversations(buffer.getvalue(), LOCAL)
    with pytest.raises(InputTooLarge):
        echo_studio.import_conversations(b" " * 10_001, LOCAL)
