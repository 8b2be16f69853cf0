"""Write tests/documents/data/yaml.json: objects and how PyYAML writes them, which podium must match.

    python scripts/make_yaml_goldens.py

Text of several lines is asked for as literal blocks. Where PyYAML spells an escape or a number's quotes differently the
expected text stands here, and is checked by reading it back.
"""

import json
from pathlib import Path

import yaml

OUT = Path(__file__).parents[1] / "tests" / "documents" / "data" / "yaml.json"

SAME = [
    {"Title": "How to fix a dishwasher", "Author": "John Smith", "Date": "August 1st 2023", "Content": "Here's how"},
    {"text": "Größe – naïve façade", "敏感肌": "👩‍💻 emoji", "price": 12, "ratio": 0.5, "sold": True, "none": None},
    {"empty": "", "list": [], "object": {}, "nested": {"a": {"b": ["c", {"d": "e", "f": "g"}, ["h", "i"]]}}},
    {"list": ["a", "b"], "objects": [{"name": "x", "tags": ["y"]}, {"name": "z"}], "deep": [[["x"]], [[]]]},
    {
        "words": ["yes", "No", "TRUE", "off", "null", "~", "=", "<<", "Null", "nothing", "truest"],
        "numbers": ["1", "-2.5", "0x1F", "1_000", "12:30:45", ".inf", "-.INF", ".NaN", "5 apples"],
        "dates": ["2024-01-15", "2001-12-14t21:59:43.10-05:00", "January 5"],
    },
    {
        "starts": ["#x", ",x", "[x", "]x", "{x", "}x", "&x", "*x", "!x", "|x", ">x", "'x", '"x', "%x", "@x", "`x"],
        "marks": ["?x", ":x", "-x", "? x", ": x", "- x", "-", "?", ":", "---", "--- x", "...", "--x", "it's", '"q"'],
        "inside": ["a: b", "a:b", "a:", "a #b", "a#b", "a,b", "[a]", "a{b}", "http://x.org/a?b=c#d", "50% @ x"],
        "spaces": [" x", "x ", "x  y"],
    },
    {"plain: name": "x", "#name": "y", "yes": "z", "12": "number"},
    {"text": "two\nlines"},
    {"text": "two\nlines\n", "more": "three\n\nlines\n\n", "list": ["a\nb", {"c": "d\n  e"}], "last": "x"},
]
LOADED = {
    'tab: "a\\tb"': {"tab": "a\tb"},
    'bell: "a\\u0007b"': {"bell": "a\x07b"},
    "'': an empty name": {"": "an empty name"},
    "number: '1e3'": {"number": "1e3"},
    "version: '1.2.3'": {"version": "1.2.3"},
    'lines: " indented\\nlines"': {"lines": " indented\nlines"},
    'lines: "ends in space \\nx"': {"lines": "ends in space \nx"},
}


class Dumper(yaml.SafeDumper):
    """PyYAML's, with literal blocks."""

    def ignore_aliases(self, data):
        """Equal values are written out each time."""
        return True


Dumper.add_representer(
    str, lambda self, text: self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def main():
    """Write the file."""
    cases = []
    for value in SAME:
        text = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
        assert yaml.safe_load(text) == value, text
        cases.append({"object": value, "yaml": text[:-1]})  # without the end of the last line
    for text, value in LOADED.items():
        assert yaml.safe_load(text) == value, text
        cases.append({"object": value, "yaml": text})
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
