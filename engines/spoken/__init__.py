"""Text made ready to speak: numbers, dates, money, abbreviations, Markdown and emoji become words.

A voice reads what is written, and much of it is not written as it is said. A ``Reader`` cuts a text
into its blocks (blocks.py) and sentences, takes out the marks of Markdown (markdown.py) and lets the
rules of its language run over each (english.py, polish.py). In a language without rules only Markdown
and emoji are dealt with, and the voice reads numbers as well as it can.

What a text shows rather than says is announced, not read: a block of code, a formula. Inline code is
read where it is short. A table is read row by row; its rule, thematic breaks and link definitions are
passed over.
"""

from engines.spoken.reader import AsWritten, Reader, Written, language_of, make_spoken

__all__ = ["AsWritten", "Reader", "Written", "language_of", "make_spoken"]
