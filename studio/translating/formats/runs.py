"""Paragraphs of Office files: a sentence split over many runs becomes one, and its runs are made anew.

Office cuts a paragraph into runs at every change of style, spelling mark and edit. Neighbours that look alike are
joined; the style of most of the paragraph is its own, every other is an inline code; what has no words (pictures,
fields, footnote marks) is a code without words. Bookmarks and comments' ends go to the paragraph's ends. Limits:
tracked insertions come accepted, and tracked deletions stay as they are.
"""

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element as Element

from studio.translating.formats.seam import Change, offered
from studio.translating.marked import escaped

_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);|(\n)|(\t)")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one kind of Office file; each in Clark notation.

    Attributes:
        first: What stays first in a paragraph.  last: What stays last.
        wrappers: Elements around runs that are a style of their own: links.
        transparent: Elements around runs that mean nothing here.
        before, after: Marks without words that go to a paragraph's start or end.
        dropped: Marks that say nothing of a translation.
        break_in_run: Whether a line break stands inside a run, or beside it.
        noise: Parts of a run's properties in which runs may differ and still look alike.
    """

    paragraph: str
    run: str
    properties: str
    text: str
    line_break: str
    tab: str
    first: frozenset[str]
    last: frozenset[str]
    wrappers: frozenset[str]
    transparent: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    dropped: frozenset[str]
    noise: frozenset[str]
    break_in_run: bool
    field_char: str = ""
    field_type: str = ""
    field_code: str = ""


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something without words: an element, and the look of the run that it stands in; None: it stands in none."""

    element: Element
    run: Element | None = None


@dataclass(slots=True)
class _Atom:
    """Text of one look, or (``elements``) something without words. Reading changes nothing in the document."""

    text: str = ""
    elements: list[_Thing] = field(default_factory=list)
    properties: Element | None = None
    wrapper: Element | None = None
    look: bytes = b""


def rewrite_paragraphs(root: Element, dialect: Dialect, change: Change, level_of: Callable[[Element], int]) -> None:
    """Offer each paragraph of a part, nested ones (text boxes, notes) too, in the order of the file.

    Args:
        level_of: Tells the level of a paragraph that is a heading; 0: it is none.
    """
    for paragraph in list(root.iter(dialect.paragraph)):
        _rewrite(paragraph, dialect, change, level_of(paragraph))


def _rewrite(paragraph: Element, dialect: Dialect, change: Change, level: int) -> None:
    before: list[Element] = []
    after: list[Element] = []
    atoms = _merged(_fields(_atoms(paragraph, dialect, None, before, after), dialect))
    if not any(atom.text.strip() for atom in atoms):
        return
    base = _base(atoms)
    marked = ""
    for number, atom in enumerate(atoms, 1):
        if atom.elements:
            marked += f"<{number}/>"
        elif atom is base or (base is not None and _alike(atom, base)):
            marked += escaped(atom.text)
        else:
            marked += f"<{number}>{escaped(atom.text)}</{number}>"
    new = change(offered(marked, level))
    if new is None:
        return
    head = [child for child in paragraph if child.tag in dialect.first]
    tail = [child for child in paragraph if child.tag in dialect.last]
    for child in list(paragraph):
        paragraph.remove(child)
    paragraph.extend([*head, *before])
    _Writer(paragraph, atoms, base, dialect).write(new)
    paragraph.extend([*after, *tail])


def _atoms(
    parent: Element, dialect: Dialect, wrapper: Element | None, before: list[Element], after: list[Element]
) -> list[_Atom]:
    found: list[_Atom] = []
    for child in parent:
        tag = child.tag
        if tag in dialect.first or tag in dialect.last or tag in dialect.dropped or not isinstance(tag, str):
            continue
        if tag in dialect.before:
            before.append(child)
        elif tag in dialect.after:
            after.append(child)
        elif tag == dialect.run:
            found += _of_run(child, dialect, wrapper)
        elif tag in dialect.wrappers and wrapper is None:
            found += _atoms(child, dialect, child, before, after)
        elif tag in dialect.transparent:
            found += _atoms(child, dialect, wrapper, before, after)
        elif tag == dialect.line_break and not dialect.break_in_run:
            properties = child.find(dialect.properties)
            found.append(_Atom("\n", [], properties, wrapper, _look(properties, dialect)))
        else:
            found.append(_Atom("", [_Thing(child)], None, wrapper))
    return found


def _of_run(run: Element, dialect: Dialect, wrapper: Element | None) -> list[_Atom]:
    properties = run.find(dialect.properties)
    look = _look(properties, dialect)
    found: list[_Atom] = []
    for child in run:
        text = None
        if child.tag == dialect.properties or child.tag in dialect.dropped:
            continue
        if child.tag == dialect.text:
            text = child.text or ""
        elif child.tag == dialect.tab:
            text = "\t"
        elif child.tag == dialect.line_break and not child.attrib:
            text = "\n"
        if text is None:
            found.append(_Atom("", [_Thing(child, run)], properties, wrapper))
        elif text:
            found.append(_Atom(text, [], properties, wrapper, look))
    return found


def _look(properties: Element | None, dialect: Dialect) -> bytes:
    if properties is None:
        return b""
    kept = sorted(etree.tostring(child, method="c14n") for child in properties if child.tag not in dialect.noise)
    attributes = sorted(f"{name}={value}" for name, value in properties.attrib.items() if name not in dialect.noise)
    return b"".join(kept) + "".join(attributes).encode()


def _fields(atoms: list[_Atom], dialect: Dialect) -> list[_Atom]:
    """Join each computed field that is whole (a page number, a date) into one code; a link's text stays text."""
    if not dialect.field_char:
        return atoms
    found: list[_Atom] = []
    at = 0
    while at < len(atoms):
        end = _field_end(atoms, at, dialect)
        if end:
            elements = [
                thing for atom in atoms[at:end] for thing in (atom.elements or [_Thing(_run_of(atom, dialect))])
            ]
            found.append(_Atom("", elements, None, atoms[at].wrapper))
            at = end
        else:
            found.append(atoms[at])
            at += 1
    return found


def _field_end(atoms: Sequence[_Atom], at: int, dialect: Dialect) -> int:
    depth = 0
    code = ""
    for place in range(at, len(atoms)):
        marks = [mark for thing in atoms[place].elements for mark in thing.element.iter(dialect.field_char)]
        code += "".join(
            each.text or "" for thing in atoms[place].elements for each in thing.element.iter(dialect.field_code)
        )
        for mark in marks:
            kind = mark.get(dialect.field_type)
            depth += (kind == "begin") - (kind == "end")
        if place == at and depth < 1:
            return 0
        if depth == 0:
            return 0 if code.strip().upper().startswith(("HYPERLINK", "TOC")) else place + 1
    return 0


def _run_of(atom: _Atom, dialect: Dialect) -> Element:
    run = etree.Element(dialect.run)
    if atom.properties is not None:
        run.append(copy.deepcopy(atom.properties))
    text = etree.SubElement(run, dialect.text)
    text.text = atom.text
    text.set(_SPACE, "preserve")
    return run


def _put(thing: _Thing, *, again: bool) -> Element:
    """What stands for a code without words: the thing itself, so that what is in it is offered later, in its run."""
    element = copy.deepcopy(thing.element) if again else thing.element
    if thing.run is None:
        return element
    run = etree.Element(thing.run.tag, dict(thing.run.attrib))
    properties = next((child for child in thing.run if etree.QName(child).localname == "rPr"), None)
    if properties is not None:
        run.append(copy.deepcopy(properties))
    run.append(element)
    return run


def _alike(one: _Atom, other: _Atom) -> bool:
    return one.look == other.look and one.wrapper is other.wrapper and not one.elements and not other.elements


def _merged(atoms: Sequence[_Atom]) -> list[_Atom]:
    found: list[_Atom] = []
    for atom in atoms:
        before = found[-1] if found else None
        if before is not None and not before.elements and not atom.elements and before.wrapper is atom.wrapper:
            # Space has no look: it goes with what it follows.
            if _alike(before, atom) or not atom.text.strip(" "):
                before.text += atom.text
                continue
        elif before is not None and before.elements and atom.elements and before.wrapper is atom.wrapper:
            before.elements += atom.elements
            continue
        found.append(atom)
    return found


def _base(atoms: Sequence[_Atom]) -> _Atom | None:
    """The text whose look most of the paragraph has; None where all of it stands in links."""
    sizes: dict[bytes, int] = {}
    for atom in atoms:
        if not atom.elements and atom.wrapper is None:
            sizes[atom.look] = sizes.get(atom.look, 0) + len(atom.text)
    if not sizes:
        return None
    most = max(sizes, key=lambda look: sizes[look])
    return next(atom for atom in atoms if not atom.elements and atom.wrapper is None and atom.look == most)


class _Writer:
    """Makes a paragraph's runs anew from marked text."""

    def __init__(self, paragraph: Element, atoms: Sequence[_Atom], base: _Atom | None, dialect: Dialect) -> None:
        self._paragraph = paragraph
        self._atoms = atoms
        self._base = base or _Atom()
        self._dialect = dialect
        self._inside: list[int] = []
        self._used: set[int] = set()
        self._run: Element | None = None
        self._place = paragraph
        self._link: Element | None = None

    def write(self, marked: str) -> None:
        """Append what marked text says to the paragraph."""
        at = 0
        for match in _CODE.finditer(marked):
            self._text(marked[at : match.start()])
            at = match.end()
            if match[4]:
                self._text("<" if match[4] == "lt" else "&")
            elif match[5]:
                self._break()
            elif match[6]:
                self._tab()
            elif 1 <= int(match[2]) <= len(self._atoms):
                self._code(int(match[2]), closes=bool(match[1]), alone=bool(match[3]))
        self._text(marked[at:])

    def _code(self, number: int, *, closes: bool, alone: bool) -> None:
        self._run = None
        if closes:
            if self._inside:
                self._inside.pop()
            return
        self._inside.append(number)
        if alone:
            again = number in self._used
            self._target().extend(_put(thing, again=again) for thing in self._atoms[number - 1].elements)
            self._used.add(number)
            self._inside.pop()

    def _look(self) -> _Atom:
        return self._atoms[self._inside[-1] - 1] if self._inside else self._base

    def _target(self) -> Element:
        """Where the next run goes: the paragraph, or a link of the look that is open."""
        wrapper = self._look().wrapper
        if wrapper is None:
            self._place, self._link = self._paragraph, None
        elif self._link is not wrapper:
            self._place = etree.SubElement(self._paragraph, wrapper.tag, dict(wrapper.attrib))
            self._link = wrapper
        return self._place

    def _open_run(self) -> Element:
        if self._run is None:
            self._run = etree.SubElement(self._target(), self._dialect.run)
            properties = self._look().properties
            if properties is not None:
                self._run.append(copy.deepcopy(properties))
        return self._run

    def _text(self, text: str) -> None:
        if not text:
            return
        part = etree.SubElement(self._open_run(), self._dialect.text)
        part.text = text
        if self._dialect.break_in_run:
            part.set(_SPACE, "preserve")
        else:
            self._run = None

    def _tab(self) -> None:
        if self._dialect.break_in_run:
            etree.SubElement(self._open_run(), self._dialect.tab)
        else:
            self._text("\t")

    def _break(self) -> None:
        if self._dialect.break_in_run:
            etree.SubElement(self._open_run(), self._dialect.line_break)
            return
        self._run = None
        mark = etree.SubElement(self._target(), self._dialect.line_break)
        properties = self._look().properties
        if properties is not None:
            mark.append(copy.deepcopy(properties))
