"""The kinds of documents that can be translated, each one file behind one seam: read segments, write back."""

from contract.errors import InvalidRequest
from studio.translating.formats.seam import Change, Format

_OFFICE = "application/vnd.openxmlformats-officedocument"

FORMATS: dict[str, Format] = {
    format.suffix: format
    for format in (
        Format("Text", ".txt", "text/plain", "plain", ".txt"),
        Format("Markdown", ".md", "text/markdown", "markdown", ".md"),
        Format("HTML", ".html", "text/html", "html", ".html"),
        Format("Word", ".docx", f"{_OFFICE}.wordprocessingml.document", "docx", ".docx"),
        Format("PowerPoint", ".pptx", f"{_OFFICE}.presentationml.presentation", "pptx", ".pptx"),
        Format("OpenDocument", ".odt", "application/vnd.oasis.opendocument.text", "odt", ".odt"),
        Format("EPUB", ".epub", "application/epub+zip", "epub", ".epub"),
        Format("SRT", ".srt", "application/x-subrip", "subtitles", ".srt"),
        Format("WebVTT", ".vtt", "text/vtt", "subtitles", ".vtt"),
        Format("Gettext", ".po", "text/x-gettext-translation", "po", ".po"),
        Format("JSON", ".json", "application/json", "json_file", ".json"),
        Format("CSV", ".csv", "text/csv", "csv_file", ".csv"),
        Format("PDF", ".pdf", "text/plain", "pdf", ".txt"),
    )
}
_SAME = {".htm": ".html", ".xhtml": ".html", ".markdown": ".md", ".text": ".txt", ".pot": ".po", ".tsv": ".csv"}


def format_of(name: str) -> Format:
    """Return the format of a document by its name's ending; raises InvalidRequest for one that is not known."""
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot >= 0 else ""
    found = FORMATS.get(_SAME.get(suffix, suffix))
    if found is None:
        raise InvalidRequest(
            f"{name[-80:]!r} has an ending that no known document has. Known are {', '.join(FORMATS)}.", field="file"
        )
    return found


__all__ = ["FORMATS", "Change", "Format", "format_of"]
