"""Takes the marks out of one line of Markdown or HTML, so that what they mark can be read.

Inline code is read where it is short: its words parted, its signs left out. Longer code is passed
over with one word. Nothing here needs a whole document: a mark whose partner stands in another
sentence goes too.
"""

import html
import re

LONGEST_CODE = 60

_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]{1,2000})\1(?!`)")
_IMAGE = re.compile(r"!\[([^\[\]]{0,300})\]\([^()\s]{0,1000}(?:\s+\"[^\"]{0,200}\")?\)")
_LINK = re.compile(
    r"\[([^\[\]]{1,300})\](?:\([^()\s]{0,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?(?:\s+\"[^\"]{0,200}\")?\)"
    r"|\[[^\[\]]{0,100}\])"
)
_FOOTNOTE = re.compile(r"(?<=[\w.,;:!?)\"”])\s?\[(?:\^[^\[\]\s]{1,40}|\d{1,3})\](?![(\[])")
_ONLY_FOOTNOTES = re.compile(r"^\s*(?:\[(?:\^[^\[\]\s]{1,40}|\d{1,3})\]\s*){1,20}$")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,1000})>")
_TASK = re.compile(r"^\s*\[[ xX]\]\s+")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,300}>|<!--.{0,1000}?-->")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,10}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_STARS = re.compile(r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\w*])|(?<=[^\W\d_])\*{1,3}(?=[^\W\d_])")
_UNDERSCORES = re.compile(r"(?<![\w/.@])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\w/@])")
_PAIRS = re.compile(r"~~|==(?=\S)|(?<=\S)==")
_ESCAPE = re.compile(r"\\([!\"#$%&'()*+,./:;<=>?@\[\]^_`{|}~-])")
_CLOSING_HASHES = re.compile(r"(?<=\S)[ \t]+#{1,6}[ \t]*$")
_FORMULA = re.compile(r"\\\(.{1,300}?\\\)|\$\$[^$]{1,300}\$\$")

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")
_EQUALS = re.compile(r"[=!<>]?=+")
_SIGNS = re.compile(r"[^\w\s@.+#%=-]+|_+|(?<=\w)\.(?=\w)|(?<!\w)[.#%@-]+|[.#@-]+(?!\w)")


def without_marks(line: str, code: str, formula: str) -> str:
    """``line`` without Markdown's marks and HTML's tags.

    Args:
        line: One line or sentence.
        code: Said in place of code that is too long to be read.
        formula: Said in place of TeX.
    """
    if not re.search(r"[`*_~\[<&\\#=$]", line):
        return line
    parts, at = [], 0
    for match in _CODE.finditer(line):
        parts += [_plain(line[at : match.start()], formula), _said_code(match[2], code)]
        at = match.end()
    return "".join([*parts, _plain(line[at:], formula)])


def _plain(text: str, formula: str) -> str:
    text = _FORMULA.sub(formula, text)
    text = _TASK.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _FOOTNOTE.sub("", _ONLY_FOOTNOTES.sub("", text))
    text = _TAG.sub(" ", text)
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _STARS.sub("", text)
    text = _UNDERSCORES.sub("", text)
    text = _PAIRS.sub("", text)
    text = _CLOSING_HASHES.sub("", text)
    return _ESCAPE.sub(r"\1", text)


def _said_code(text: str, code: str) -> str:
    """Short code as words: "get_userName(id)" is "get user Name id"; a lone sign stays what it is."""
    if len(text) > LONGEST_CODE:
        return code
    if re.match(r"(?:https?://|www\.)|[\w.+-]+@[\w-]+\.", text) or not re.search(r"[^\W_]", text):
        return text
    text = _EQUALS.sub(" = ", text)
    return re.sub(r"\s+", " ", _SIGNS.sub(" ", _HUMP.sub(" ", text))).strip()
