"""Documents made for the tests, each with what its kind can break: styles, links, tables, notes, codes."""

import io
import zipfile

import docx
import polib
import pptx
from docx.oxml.ns import qn
from docx.oxml.shared import OxmlElement
from pptx.util import Inches

from tests import files

TEXT = b"""Heading

The fire is warm. The tea is ready.

- First point
- Second point with 3 items

This paragraph was broken by hand because the page
was only fifty characters wide, and so its sentences
run over several lines.
"""
MARKDOWN = b"""---
title: Untouched
---
# The big heading

A *warm* fire with a [link to the page](https://example.org/a_b "Title") and `code_here`.
It goes on **in the next line** of the source.

> A quoted line.

1. First item
2. Second item

| Name | Meaning |
|------|---------|
| fire | a warm light |

```python
print("never touched")
```

![A picture](picture.png)
"""
HTML = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The big page</title>
<style>p { color: red; }</style><script>var text = "never touched";</script></head>
<body class="x">
<!-- a comment stays -->
<h1>The   big
 heading</h1>
<p>A <b>warm</b> fire, <a href="a.html?x=1&amp;y=2" title="See the page">a link</a>&nbsp;and <code>code_here</code>.<br>New line &lt; old.</p>
<img src="a.png" alt="A small picture"><p translate="no">Hearth stays</p>
<pre>
  never   touched
</pre>
<ul><li>One thing<li>Two things</ul>
</body></html>
"""
SRT = b"""1
00:00:01,000 --> 00:00:03,500
The fire is warm,
and the tea

2
00:00:03,600 --> 00:00:05,000
is <i>ready</i> now.

3
00:00:06,000 --> 00:00:07,000
- Who is it?
- It is me.
"""
VTT = b"""WEBVTT - a title

STYLE
::cue { color: red }

NOTE this stays

intro
00:01.000 --> 00:04.000 align:start position:10%
<v Anna>The fire is warm.

00:05.000 --> 00:06.000
The tea is ready.
"""
JSON = b"""{
  "title": "The big title",
  "id": "user_name_1",
  "count": 3,
  "nested": {"text": "Hello {name}, you have %d messages.", "locale": "en-US", "url": "https://example.org/a"},
  "list": ["One thing", "Two things", true, null]
}
"""
CSV = b"""id;name;description;price
1;Chair;"A warm, ""old"" chair";12.50
2;Lamp;A small lamp;=SUM(D2:D3)
3;@cmd;-1+1;+48 600 100 200
"""


def word() -> bytes:
    """A Word document with styles split in mid-sentence, a link, a table, a list, a header and a text box's worth."""
    document = docx.Document()
    document.add_heading("The big heading", 1)
    paragraph = document.add_paragraph("The fire is ")
    paragraph.add_run("very ").bold = True
    paragraph.add_run("warm").bold = True
    paragraph.add_run(" and the tea ")
    paragraph.add_run("is ready").italic = True
    paragraph.add_run(". A second sentence stands here.")
    _link(document, paragraph, "https://example.org/page", "the whole page")
    document.add_paragraph("First point", style="List Bullet")
    split = document.add_paragraph()
    for piece in ("One sen", "tence in ma", "ny runs."):
        split.add_run(piece)
    line = document.add_paragraph("Name:\tAnna")
    line.add_run().add_break()
    line.add_run("Second line")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "A cell of the table"
    table.rows[0].cells[1].text = "17"
    document.sections[0].header.paragraphs[0].text = "The header of the page"
    page = document.add_paragraph("Page ")
    _field(page, "PAGE", "7")
    page.add_run(" of this book")
    return _saved(document)


def _link(document: "docx.document.Document", paragraph: "docx.text.paragraph.Paragraph", url: str, text: str) -> None:
    link = OxmlElement("w:hyperlink")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    link.set(qn("r:id"), document.part.relate_to(url, kind, is_external=True))
    run = OxmlElement("w:r")
    words = OxmlElement("w:t")
    words.text = text
    run.append(words)
    link.append(run)
    paragraph.add_run(" See ")
    paragraph._p.append(link)
    paragraph.add_run(".")


def _field(paragraph: "docx.text.paragraph.Paragraph", code: str, result: str) -> None:
    for kind in ("begin", "code", "separate", "result", "end"):
        run = paragraph.add_run(result if kind == "result" else "")
        if kind == "code":
            mark = OxmlElement("w:instrText")
            mark.text = code
            run._r.append(mark)
        elif kind != "result":
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def slides() -> bytes:
    """A presentation with a title, styled text, a table and the speaker's notes."""
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "The big title"
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    paragraph.add_run().text = "The fire is "
    bold = paragraph.add_run()
    bold.text = "warm"
    bold.font.bold = True
    paragraph.add_run().text = " tonight."
    table = slide.shapes.add_table(1, 1, Inches(1), Inches(5), Inches(3), Inches(1)).table
    table.cell(0, 0).text = "A cell"
    slide.notes_slide.notes_text_frame.text = "Say this slowly."
    return _saved(show)


def _saved(document: "docx.document.Document | pptx.presentation.Presentation") -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def open_text() -> bytes:
    """An OpenDocument text with a heading, styled runs, a link, spaces, a tab, a line break and a note."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style")
    )
    content = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content {names} xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"><office:body><office:text>
<text:h text:outline-level="1">The big heading</text:h>
<text:p text:style-name="P1">The fire is <text:span text:style-name="Bold">very <text:span text:style-name="It">warm</text:span></text:span> and
the tea<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>A note
below.</text:p></text:note-body></text:note> is ready. See <text:a xlink:href="https://example.org/">the page</text:a>.</text:p>
<text:p>Name:<text:tab/>Anna<text:line-break/>Two<text:s text:c="3"/>spaces</text:p>
</office:text></office:body></office:document-content>"""
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def book() -> bytes:
    """An e-book of two chapters with a table of contents."""
    opf = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="i">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The big book</dc:title><dc:language>en</dc:language>
<dc:identifier id="i">x</dc:identifier></metadata><manifest>
<item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/><item id="css" href="s.css" media-type="text/css"/></manifest>
<spine toc="ncx"><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    page = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>{0}</title></head>
<body><h1>{0}</h1><p>The <i>fire</i> is warm.<br/>It burns.</p></body></html>"""
    ncx = """<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><docTitle><text>The big book</text></docTitle>
<navMap><navPoint id="n"><navLabel><text>First chapter</text></navLabel><content src="a.xhtml"/></navPoint></navMap></ncx>"""
    return zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": b"""<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
version="1.0"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>""",
            "OEBPS/book.opf": opf.encode(),
            "OEBPS/a.xhtml": page.format("First chapter").encode(),
            "OEBPS/two b.xhtml": page.format("Second chapter").encode(),
            "OEBPS/toc.ncx": ncx.encode(),
            "OEBPS/s.css": b"p { color: red }",
        }
    )


def catalogue() -> bytes:
    """A gettext catalogue with placeholders, a plural, a comment, something done and something doubtful."""
    file = polib.POFile(wrapwidth=0)
    file.metadata = {"Project-Id-Version": "1", "Content-Type": "text/plain; charset=UTF-8"}
    file.append(
        polib.POEntry(msgid="Hello %(name)s, the fire is warm.", occurrences=[("a.py", "3")], flags=["python-format"])
    )
    file.append(polib.POEntry(msgid="%d file", msgid_plural="%d files", msgstr_plural={0: "", 1: ""}))
    file.append(polib.POEntry(msgid="Done already", msgstr="Już zrobione", comment="stays"))
    file.append(polib.POEntry(msgid="Doubtful", msgstr="Wątpliwe", flags=["fuzzy"]))
    return str(file).encode()


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file of parts, the first stored."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return file.getvalue()


PAPERS = {
    ".txt": TEXT,
    ".md": MARKDOWN,
    ".html": HTML,
    ".srt": SRT,
    ".vtt": VTT,
    ".json": JSON,
    ".csv": CSV,
    ".docx": word(),
    ".pptx": slides(),
    ".odt": open_text(),
    ".epub": book(),
    ".po": catalogue(),
    ".pdf": files.pdf(["The fire is warm and the tea\nis ready for us all.", "A second page."]),
}
