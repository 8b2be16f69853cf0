// The page to try a ranking: reads documents, asks the server, shows what moved and why.
const $ = (id) => document.getElementById(id);
const EXAMPLE = {
  query: "Wie pflege ich empfindliche Haut?",
  documents: [
    "Organic skincare for sensitive skin with aloe vera and chamomile: a gentle, perfume-free routine.",
    "New makeup trends focus on bold colours and glossy finishes.",
    "Soin bio pour peau sensible à l'aloe vera. Il apaise les rougeurs dès la première semaine.",
    "Las nuevas tendencias de maquillaje apuestan por colores vivos.",
    "敏感肌のためのオーガニックスキンケア。アロエとカモミール配合、無香料です。",
    "Die Bahn nach Hamburg fährt um sieben Uhr ab.",
  ].join("\n"),
};
const HIGHLIGHTED = 8; // results whose best sentence is looked for
let previous = new Map(); // places of the last ranking, by document
let lastBody = null;
let language = "curl";

const headers = () => {
  const key = $("key").value.trim();
  return { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
};

async function ask(path, body) {
  const options = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(path, { ...options, headers: headers() });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || answer.message || `The server answered ${response.status}.`);
  return answer;
}

// CSV with quotes; rows of cells.
function readCsv(text) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows[rows.length - 1];
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') { row[row.length - 1] += '"'; i++; }
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === ",") row.push("");
    else if (!quoted && c === "\n") rows.push([""]);
    else if (c !== "\r" || quoted) row[row.length - 1] += c;
  }
  return rows.filter((row) => row.some((cell) => cell.trim()));
}

const textOf = (value) =>
  typeof value === "string" ? value
  : value && typeof value.text === "string" ? value.text
  : Object.entries(value ?? {}).map(([k, v]) => `${k}: ${typeof v === "string" ? v : JSON.stringify(v)}`).join("\n");

// What the box holds: {kind, documents}, told from its content.
function readDocuments(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) {
    try { return { kind: "JSON array", documents: JSON.parse(trimmed).map(textOf) }; } catch { /* lines */ }
  }
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length && /^[{"]/.test(lines[0])) {
    try { return { kind: "JSONL", documents: lines.map((line) => textOf(JSON.parse(line))) }; } catch { /* lines */ }
  }
  const rows = lines.length > 1 && lines[0].includes(",") ? readCsv(trimmed) : [];
  const names = rows[0]?.map((name) => name.trim().toLowerCase());
  if (rows.length > 1 && rows.every((row) => row.length === names.length) && names.every((n) => n && n.length < 40)) {
    const column = names.indexOf("text");
    const join = (row) => row.map((cell, i) => `${rows[0][i].trim()}: ${cell}`).join("\n");
    return { kind: "CSV", documents: rows.slice(1).map((row) => (column >= 0 ? row[column] : join(row))) };
  }
  return { kind: "lines", documents: lines };
}

function showKind() {
  const { kind, documents } = readDocuments($("documents").value);
  $("kind").textContent = documents.length ? `${documents.length} ${documents.length === 1 ? "document" : "documents"} · ${kind}` : "";
}

const chosenModels = () => [...document.querySelectorAll("#models input:checked")].map((box) => box.value);

function item(result, place, best, documents, column) {
  const li = document.createElement("li");
  li.dataset.index = result.index;
  li.tabIndex = 0;
  li.style.setProperty("--share", Math.max(0, Math.min(1, result.relevance_score / Math.max(best, 1e-9))));
  const rank = Object.assign(document.createElement("span"), { className: "place", textContent: place });
  const score = Object.assign(document.createElement("span"), { className: "score", textContent: result.relevance_score.toFixed(4) });
  score.title = `document ${result.index}`;
  const text = Object.assign(document.createElement("div"), { className: "text", textContent: documents[result.index], dir: "auto" });
  li.append(rank, score, text);
  li.setAttribute("aria-label", `Place ${place}, score ${result.relevance_score.toFixed(4)}: ${documents[result.index]}`);
  column.append(li);
}

// Moves each item from where its document stood before to where it stands now.
function animate(list, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const li of list.children) {
    const from = before.get(li.dataset.index);
    const to = li.getBoundingClientRect().top;
    if (from === undefined || from === to) continue;
    li.animate([{ transform: `translateY(${from - to}px)` }, { transform: "none" }], { duration: 450, easing: "ease-out" });
  }
}

function sentences(text) {
  if (!Intl.Segmenter) return text.match(/[^.!?。！？\n]+[.!?。！？\n]*/g) ?? [text];
  return [...new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)].map((part) => part.segment);
}

// Marks the sentence that is closest to the query, for the first results of a column.
async function highlight(list, model, query, documents) {
  for (const li of [...list.children].slice(0, HIGHLIGHTED)) {
    const parts = sentences(documents[li.dataset.index]);
    const asked = parts.map((part) => part.trim()).slice(0, 64);
    if (asked.length < 2) continue;
    const answer = await ask("v1/rerank", { model, query, documents: asked, top_n: 1, return_documents: false }).catch(() => null);
    if (!answer) return;
    const best = answer.results[0].index;
    const text = li.querySelector(".text");
    text.replaceChildren(...parts.map((part, i) => {
      if (i !== best) return document.createTextNode(part);
      return Object.assign(document.createElement("mark"), { textContent: part });
    }));
  }
}

// Lines between the same document's places in neighbouring columns.
function drawLines() {
  const box = $("columns").getBoundingClientRect();
  const lists = [...document.querySelectorAll("#columns .results")];
  const paths = [];
  for (let i = 0; i + 1 < lists.length; i++) {
    for (const [place, li] of [...lists[i].children].entries()) {
      const other = lists[i + 1].querySelector(`[data-index="${li.dataset.index}"]`);
      if (!other) continue;
      const a = li.getBoundingClientRect(), b = other.getBoundingClientRect();
      const [x1, y1] = [a.right - box.left, a.top + a.height / 2 - box.top];
      const [x2, y2] = [b.left - box.left, b.top + b.height / 2 - box.top];
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`);
      if ([...lists[i + 1].children].indexOf(other) !== place) path.classList.add("moved");
      paths.push(path);
    }
  }
  $("lines").replaceChildren(...paths);
}

async function rank(event) {
  event?.preventDefault();
  $("message").textContent = "";
  const query = $("query").value.trim();
  const { documents } = readDocuments($("documents").value);
  if (!query || !documents.length) {
    $("message").textContent = query ? "There are no documents to rank." : "The query is empty.";
    return;
  }
  const models = chosenModels();
  const top = Number($("top").value) || undefined;
  $("rank").disabled = true;
  try {
    const started = performance.now();
    const bodies = (models.length ? models : [undefined]).map((model) => ({ model, query, documents, top_n: top }));
    const answers = await Promise.all(bodies.map((body) => ask("v1/rerank", { ...body, return_documents: false })));
    const time = Math.round(performance.now() - started);
    lastBody = bodies[0];
    $("ranking").hidden = $("call").hidden = false;
    for (const old of document.querySelectorAll("#columns .column")) old.remove();
    for (const answer of answers) {
      const column = Object.assign(document.createElement("div"), { className: "column" });
      const title = Object.assign(document.createElement("h3"), { textContent: answer.model });
      const list = Object.assign(document.createElement("ol"), { className: "results" });
      list.setAttribute("aria-label", `Ranking by ${answer.model}`);
      const best = answer.results[0]?.relevance_score ?? 1;
      answer.results.forEach((result, i) => item(result, i + 1, best, documents, list));
      column.append(title, list);
      $("columns").append(column);
      animate(list, previous.get(answer.model) ?? new Map());
      previous.set(answer.model, new Map([...list.children].map((li) => [li.dataset.index, li.getBoundingClientRect().top])));
    }
    const tokens = answers.reduce((sum, answer) => sum + (answer.usage?.total_tokens ?? 0), 0);
    $("facts").textContent = `${documents.length} documents · ${tokens} tokens · ${time} ms`;
    drawLines();
    showCode();
    sessionStorage.setItem("key", $("key").value);
    const lists = [...document.querySelectorAll("#columns .results")];
    await Promise.all(lists.map((list, i) => highlight(list, bodies[i].model, query, documents)));
    drawLines();
  } catch (error) {
    $("message").textContent = error.message;
  } finally {
    $("rank").disabled = false;
  }
}

function showCode() {
  const url = new URL("v1/rerank", location.href).href;
  const json = JSON.stringify(lastBody, null, 2);
  const auth = $("key").value ? "Bearer YOUR_KEY" : "";
  const code = {
    curl: `curl ${url} \\\n  -H 'Content-Type: application/json' \\\n${auth ? `  -H 'Authorization: ${auth}' \\\n` : ""}  -d '${json.replaceAll("'", "'\\''")}'`,
    python: `import json, urllib.request\n\nbody = json.loads(r"""${json}""")\nrequest = urllib.request.Request(\n    "${url}", json.dumps(body).encode(),\n    {"Content-Type": "application/json"${auth ? `, "Authorization": "${auth}"` : ""}},\n)\nfor result in json.load(urllib.request.urlopen(request))["results"]:\n    print(result["relevance_score"], result["document"]["text"])`,
    javascript: `const response = await fetch("${url}", {\n  method: "POST",\n  headers: { "Content-Type": "application/json"${auth ? `, Authorization: "${auth}"` : ""} },\n  body: JSON.stringify(${json}),\n});\nfor (const { relevance_score, document } of (await response.json()).results) {\n  console.log(relevance_score, document.text);\n}`,
  };
  $("code").textContent = code[language];
  for (const tab of document.querySelectorAll("[data-language]")) {
    const selected = tab.dataset.language === language;
    tab.setAttribute("aria-selected", selected);
    tab.tabIndex = selected ? 0 : -1;
  }
  $("code").setAttribute("aria-labelledby", `tab-${language}`);
}

async function copyCode() {
  await navigator.clipboard.writeText($("code").textContent).catch(() => {
    getSelection().selectAllChildren($("code"));
    document.execCommand("copy");
  });
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
}

function card(model) {
  const div = Object.assign(document.createElement("div"), { className: "card" });
  const graph = $("graph").content.cloneNode(true);
  graph.querySelector(".tokens").textContent = `≤ ${model.context_length} tokens`;
  graph.querySelector(".encoder").textContent = model.architecture;
  const facts = {
    Name: model.id, Model: model.name, Kind: model.head, Parameters: `${(model.parameters / 1e6).toFixed(0)} million`,
    Precision: model.quantization, Loaded: new Date(model.created * 1000).toLocaleString(),
  };
  const list = document.createElement("dl");
  for (const [name, value] of Object.entries(facts)) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }));
  }
  div.append(graph, list);
  return div;
}

async function showModels() {
  try {
    const models = (await ask("v1/models")).data;
    $("cards").replaceChildren(...models.map(card));
    const chosen = new Set(chosenModels());
    const boxes = models.map((model, i) => {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: model.id });
      box.checked = chosen.size ? chosen.has(model.id) : i === 0;
      label.append(box, model.id);
      return label;
    });
    $("models").replaceChildren($("models").querySelector("legend"), ...boxes);
    $("message").textContent = "";
  } catch (error) {
    $("message").textContent = error.message;
  }
}

async function openFile(file) {
  if (!file) return;
  $("documents").value = await file.text();
  showKind();
}

$("form").addEventListener("submit", rank);
$("documents").addEventListener("input", showKind);
$("file").addEventListener("change", (event) => openFile(event.target.files[0]));
$("key").addEventListener("change", showModels);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) rank(event);
});
for (const name of ["dragover", "dragleave", "drop"]) {
  $("documents").addEventListener(name, (event) => {
    event.preventDefault();
    $("documents").classList.toggle("over", name === "dragover");
    if (name === "drop") openFile(event.dataTransfer.files[0]);
  });
}
const tabs = [...document.querySelectorAll("[data-language]")];
for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => { language = tab.dataset.language; showCode(); });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { const next = tabs[(i + step + tabs.length) % tabs.length]; next.click(); next.focus(); }
  });
}
$("copy").addEventListener("click", copyCode);
addEventListener("resize", drawLines);
$("key").value = sessionStorage.getItem("key") ?? "";
$("query").value = EXAMPLE.query;
$("documents").value = EXAMPLE.documents;
showKind();
showModels();
