"""Tool calls with llama.cpp: a chat template that knows them, messages with calls, a call that is forced.

Where a model's own template has a place for tools, llama.cpp reads from it how that model writes a
call, and its parser gives the calls back. A ChatML template without one gets a part of ours, which
is used only when there are tools. Any other model can't do tools, and says so.

``auto`` is llama.cpp's own. ``required`` is not left to it: its grammar lets free text come before
the call, and a small model then talks to its limit. So a forced call is a reply under a JSON Schema
that names the functions, which ``ForcedCall`` tells as the pieces of a call while it is written.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from contract.events import ToolCallDelta
from contract.ids import new_id
from contract.messages import Message, Tool
from contract.requests import ChatRequest
from engines import gguf

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
_CHATML = "<|im_start|>"
# The form of calls is that of the Hermes models, which most ChatML models were shown in training.
_TOOLS_PART = """{%- set seen = namespace(tools=tools) %}
{%- for message in messages %}
{%- if message.role == 'tool' or message.tool_calls %}{%- set seen.tools = true %}{%- endif %}
{%- endfor %}
{%- if seen.tools %}
{%- set turns = messages %}{%- set before = '' %}
{%- if messages[0].role == 'system' %}
{%- set turns = messages[1:] %}{%- set before = messages[0].content + '\\n\\n' %}
{%- endif %}
{%- if tools %}
{{- '<|im_start|>system\\n' + before + 'You can call these functions, one JSON signature a line:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
{{- '\\n</tools>\\nTo call one, write its name and arguments as JSON:\\n<tool_call>\\n' }}
{{- '{"name": <name>, "arguments": <arguments>}\\n</tool_call><|im_end|>\\n' }}
{%- elif before %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}
{%- for message in turns %}
{%- if message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role }}
{%- if message.content %}{{- '\\n' + message.content }}{%- endif %}
{%- for call in message.tool_calls or [] %}
{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- (call.function.arguments | tojson) + '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
{%- else %}"""


def knows_tools(template: str) -> bool:
    """Whether a chat template has a place for tools."""
    return "tools" in template


def with_tools(template: str) -> str:
    """Return the template with a part for tools, where it has none and is ChatML; otherwise as it is."""
    if knows_tools(template) or _CHATML not in template:
        return template
    return f"{_TOOLS_PART}{template}{{%- endif %}}"


@lru_cache(maxsize=256)
def has_tools(path: Path) -> bool:
    """Whether a GGUF file's chat template has a place for tools, or gets one; a damaged file's has none."""
    try:
        return knows_tools(with_tools(str(gguf.metadata(path).get("tokenizer.chat_template", ""))))
    except (OSError, ValueError):
        return False


def messages_json(messages: Sequence[Message]) -> list[Json]:
    """Return a conversation in OpenAI's form, as llama.cpp takes it."""
    return [_turn(message) for message in messages]


def _turn(message: Message) -> Json:
    turn: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.images:
        pictures: list[Json] = [
            {"type": "image_url", "image_url": {"url": "data:;base64," + base64.b64encode(image).decode()}}
            for image in message.images
        ]
        turn["content"] = [*pictures, {"type": "text", "text": message.content}]
    return turn


def tools_json(tools: Sequence[Tool]) -> list[dict[str, Json]]:
    """Return functions in OpenAI's form."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters)},
        }
        for tool in tools
    ]


def tools_body(chat: ChatRequest) -> dict[str, Json]:
    """Return the part of a request to llama.cpp that is about tools."""
    if not chat.tools:
        return {}
    body: dict[str, Json] = {"tools": [*tools_json(chat.tools)], "tool_choice": chat.tool_choice}
    if chat.tool_choice == "required":
        schema: Json = {"anyOf": [_call_schema(tool) for tool in chat.tools]}
        form: Json = {"type": "json_schema", "json_schema": {"name": "call", "schema": schema}}
        return {**body, "tool_choice": "none", "response_format": form}
    return {**body, "parallel_tool_calls": chat.parallel_tool_calls}


def _call_schema(tool: Tool) -> Json:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": json.loads(tool.parameters)},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


class ForcedCall:
    """Tells a call that comes as ``{"name": …, "arguments": …}`` in pieces of text, as it comes."""

    _HEAD = re.compile(r'\s*\{\s*"name"\s*:\s*"([^"]*)"\s*,\s*"arguments"\s*:\s*')

    def __init__(self) -> None:
        self._text = ""
        self._told = -1

    def take(self, text: str) -> Iterator[ToolCallDelta]:
        """Yield what more of the call is known with this text; the brace at its end is held back."""
        self._text += text
        if self._told < 0:
            head = self._HEAD.match(self._text)
            if head is None:
                return
            self._told = head.end()
            yield ToolCallDelta(0, "", f"call_{new_id()}", head.group(1))
        end = self._text.rfind("}")
        sure = end if end >= self._told else len(self._text)
        if sure > self._told:
            yield ToolCallDelta(0, self._text[self._told : sure])
            self._told = sure


def as_object(value: Json) -> dict[str, Json]:
    """Return a JSON object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Json) -> list[dict[str, Json]]:
    """Return the objects in a JSON list; anything else is an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_number(value: Json) -> int:
    """Return a JSON number as a whole one; anything else is 0."""
    return int(value) if isinstance(value, int | float) else 0
