// Documents as people have them: plain lines, JSONL, one JSON array, CSV or TSV.

const TEXT_KEYS = ["text", "document", "content", "passage", "body", "snippet"];

function textOf(value, where) {
  if (typeof value === "string") return value;
  for (const key of TEXT_KEYS) if (typeof value?.[key] === "string") return value[key];
  throw new Error(`${where} is no string and has no "text"`);
}

// RFC 4180: quoted fields may hold separators, line ends and doubled quotes.
export function parseTable(input, separator) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < input.length; i++) {
    const c = input[i];
    const row = rows.at(-1);
    const field = row.length - 1;
    if (quoted) {
      if (c !== '"') row[field] += c;
      else if (input[i + 1] === '"') row[field] += input[++i];
      else quoted = false;
    } else if (c === '"' && row[field] === "") quoted = true;
    else if (c === separator) row.push("");
    else if (c === "\n") rows.push([""]);
    else if (c !== "\r") row[field] += c;
  }
  if (quoted) throw new Error("a quotation mark is never closed");
  return rows.filter((row) => row.some((field) => field.trim() !== ""));
}

function separatorOf(firstLine) {
  for (const separator of [",", "\t", ";"]) {
    const names = firstLine.split(separator).map((name) => name.trim().replaceAll('"', "").toLowerCase());
    if (names.length > 1 && names.some((name) => TEXT_KEYS.includes(name))) return separator;
  }
  return "";
}

// {texts, format}; throws what is wrong, naming the place.
export function parseDocuments(input) {
  const text = input.replace(/^\uFEFF/, "").trim();
  if (/^\[\s*["{\]]/.test(text)) {
    let values;
    try { values = JSON.parse(text); } catch (error) { throw new Error(`not a JSON array: ${error.message}`); }
    return { format: "JSON", texts: values.map((value, i) => textOf(value, `document ${i}`)) };
  }
  const lines = text.split(/\r?\n/);
  if (/^\{\s*"/.test(text) || /^"(?:[^"\\]|\\.)*"$/.test(lines[0].trim())) {
    const texts = [];
    lines.forEach((line, i) => {
      if (line.trim() === "") return;
      let value;
      try { value = JSON.parse(line); } catch { throw new Error(`line ${i + 1} is not JSON`); }
      texts.push(textOf(value, `line ${i + 1}`));
    });
    return { format: "JSONL", texts };
  }
  const separator = separatorOf(lines[0]);
  if (separator) {
    const [head, ...rows] = parseTable(text, separator);
    const names = head.map((name) => name.trim().toLowerCase());
    const column = names.indexOf(TEXT_KEYS.find((key) => names.includes(key)));
    return { format: separator === "\t" ? "TSV" : "CSV", texts: rows.map((row) => row[column] ?? "") };
  }
  return { format: "lines", texts: lines.filter((line) => line.trim() !== "") };
}
