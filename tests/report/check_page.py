"""Reads a report page with Python's own HTML and XML parsers: the tags nest, every id is there once and every
reference finds its own, figures are XML, and nothing in it runs or is loaded from elsewhere. Prints the number of
figures.

usage: check_page.py PAGE"""

import re
import sys
import xml.etree.ElementTree
from html.parser import HTMLParser

VOID = {"meta", "br"}
HTML = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "nav", "a", "div", "table",
        "thead", "tbody", "tr", "th", "td", "bdi", "pre", "code", "span", "details", "summary"}
SVG = {"svg", "g", "rect", "defs", "circle", "path", "use", "filter", "feflood", "fecomposite", "text", "title",
       "polygon", "tspan", "clippath"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.references = [], [], []

    def handle_starttag(self, tag, attributes):
        assert tag in (SVG if "svg" in self.open else HTML | {"svg"}), tag
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href"):
                assert value.startswith("#"), value
                self.references.append(value[1:])
            assert name not in ("src", "action", "formaction", "data"), (tag, name)
            assert not re.search(r"url\((?!#)", value or ""), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


text = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(text)
page.close()
assert page.open == [], page.open
assert len(page.ids) == len(set(page.ids)), [name for name in page.ids if page.ids.count(name) > 1][:3]
assert set(page.references) <= set(page.ids), set(page.references) - set(page.ids)
assert "default-src 'none'" in text
figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
for figure in figures:
    xml.etree.ElementTree.fromstring(figure)
print(len(figures))
