"""How a result shows itself in a notebook: a small card, its verdict first."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

from mappings.words import one_line

State = Literal["pass", "fail", "open"]
COLOURS: dict[State, str] = {"pass": "#1f8f4d", "fail": "#d64541", "open": "#7b828c"}
"""Colours that can be read on white and on black. The text and the background are the notebook's
own, so that a card is readable in a dark one."""


def notebook_card(
    word: str, state: State, subject: str, rows: Iterable[tuple[str, object]] = ()
) -> str:
    """HTML for ``_repr_html_``: ``word`` in the colour of ``state``, the subject, and a line for
    each title and text. Every text is escaped; a row whose text is empty is left out."""
    colour = COLOURS[state]
    lines = "".join(
        f'<span style="opacity:.7">{_text(title)}</span>'
        f'<span style="overflow-wrap:anywhere">{_text(text)}</span>'
        for title, text in rows
        if str(text)
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:.2em 0 .2em .9em;margin:.4em 0;'
        f'max-width:60em"><div style="overflow-wrap:anywhere">'
        f'<strong style="color:{colour}">{_text(word)}</strong> '
        f"<strong>{_text(subject)}</strong></div>"
        '<div style="display:grid;grid-template-columns:max-content minmax(0,1fr);'
        f'gap:0 1.2em;font-size:.92em">{lines}</div></div>'
    )


def _text(value: object) -> str:
    return escape(one_line(str(value)))
