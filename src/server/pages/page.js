// The page: query and documents in, a ranking that can be seen. It talks to its own server alone.
import { parseDocuments } from "./documents.js";
import { snippet } from "./snippets.js";

const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const number = (value) => value.toLocaleString("en");
const figure = (score) => (score === 0 || score >= 5e-5 ? score.toFixed(4) : score.toExponential(1));

const EXAMPLE = {
  query: "How do I get a stain of red wine out of a cotton shirt?",
  documents: [
    "Reservations for the tasting room open in March. Groups of more than eight should call ahead.",
    "Cotton is picked by machine in the autumn. Most of the harvest is spun abroad.",
    "Die Flecken sofort mit kaltem Wasser ausspülen. Rotwein verschwindet aus Baumwolle, wenn man Salz darüberstreut und das Hemd nach zehn Minuten wäscht.",
    "A pinot noir should be served slightly cool. It goes well with mushrooms.",
    "White shirts need a cool iron. Blot red wine at once and never rub it: then soak the fabric in cold water with a spoon of white vinegar.",
    "Une tache de vin rouge sur une chemise en coton part avec du bicarbonate et un peu de vinaigre blanc.",
    "Our shirts are cut in Porto. Returns are free within thirty days.",
    "コットンのシャツに付いた赤ワインの染みは、すぐに冷水ですすぎ、酸素系漂白剤に浸します。",
  ],
};
const DOCUMENTS_MARKED = 12;
const COMPARED = 3;
// What a model makes of its input before the score: the step in the graph.
const HEADS = {
  "bi-encoder": ["A vector each", "compared by cosine"],
  "cross-encoder": ["Both read together", "one output"],
  "late-interaction": ["A vector a token", "each query token with its best match"],
  listwise: ["All documents read together", "a vector each"],
};

const state = { models: [], order: new Map(), language: "curl", run: 0 };

async function call(path, body) {
  const key = $("key").value.trim();
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(path, { method: body ? "POST" : "GET", headers: { Accept: "application/json", ...headers }, body: body && JSON.stringify(body) });
  } catch {
    throw new Error("The server cannot be reached. Is podium serve still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const said = [answer.detail, answer.message, answer.error?.message].find((text) => typeof text === "string");
  throw Object.assign(new Error(said ?? `The server answered ${response.status}.`), { status: response.status });
}

function fail(error) {
  $("error").textContent = error.message;
  $("error").hidden = false;
  if (error.status === 401) { $("access").open = true; $("key").focus(); }
}

function readForm() {
  const { texts, format } = parseDocuments($("documents").value);
  if (texts.length === 0) throw new Error("There are no documents: write one a line, or drop a file.");
  if ($("query").value.trim() === "") throw new Error("The query is empty: write what the documents are judged by.");
  return { query: $("query").value, texts, format };
}

const chosenModels = () => {
  const chosen = [...document.querySelectorAll("#models input:checked")].map((box) => box.value);
  return chosen.length ? chosen : [""];
};

const requestBody = (query, texts, model) => ({ ...(model && { model }), query, documents: texts, return_documents: false });

// The text with its passage marked; {begin, end} or nothing.
function fill(element, text, passage) {
  element.replaceChildren(...(passage
    ? [text.slice(0, passage.begin), make("mark", { textContent: text.slice(passage.begin, passage.end) }), text.slice(passage.end)]
    : [text]));
}

function moved(from, to) {
  const by = from - to;
  return make("span", {
    className: `moved ${by > 0 ? "up" : by < 0 ? "down" : ""}`,
    textContent: by === 0 ? "stays" : `${by > 0 ? "▲" : "▼"} ${Math.abs(by)}`,
    title: `was in place ${from + 1}`,
  });
}

function item(result, place, previous, text, scale) {
  const bar = make("i");
  const element = make("li", { tabIndex: -1 },
    make("span", { className: "place", textContent: place + 1 }),
    make("span", { className: "text", dir: "auto", textContent: text }),
    make("span", { className: "figures" },
      make("span", { className: "score", textContent: figure(result.relevance_score) }), moved(previous, place)),
    make("span", { className: "track" }, bar));
  element.dataset.index = result.index;
  requestAnimationFrame(() => requestAnimationFrame(() => { bar.style.width = `${scale(result.relevance_score) * 100}%`; }));
  return element;
}

// Elements glide from where they were to where they are.
function glide(elements, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const element of elements) {
    const from = before.get(element.dataset.key);
    if (from === undefined) continue;
    const by = from - element.getBoundingClientRect().top;
    if (by) element.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: 450, easing: "cubic-bezier(.2,.8,.2,1)" });
  }
}

function show(rankings, texts) {
  const compare = rankings.length > 1;
  document.querySelector("main").classList.toggle("compare", compare);
  const columns = $("columns");
  const before = new Map([...columns.querySelectorAll("li")].map((li) => [li.dataset.key, li.getBoundingClientRect().top]));
  columns.replaceChildren($("lines"));
  rankings.forEach(({ model, results }, at) => {
    const best = Math.max(...results.map((result) => result.relevance_score), 1e-9);
    const scale = (score) => Math.max(0.004, Math.min(1, score / best));
    const left = at > 0 ? new Map(rankings[at - 1].results.map((result, place) => [result.index, place])) : null;
    const list = make("ol", { ariaLabel: `Ranking of ${model}` });
    results.forEach((result, place) => {
      const li = item(result, place, left ? left.get(result.index) : result.index, texts[result.index], scale);
      li.dataset.key = `${at} ${texts[result.index]}`;
      list.append(li);
    });
    columns.append(make("div", {}, ...(compare ? [make("h3", { textContent: model })] : []), list));
  });
  columns.classList.remove("stale");
  glide(columns.querySelectorAll("li"), before);
  drawLines();
}

function drawLines() {
  const lines = $("lines");
  const lists = [...$("columns").querySelectorAll("ol")];
  lines.replaceChildren();
  for (let at = 0; at + 1 < lists.length; at++) {
    const right = new Map([...lists[at + 1].children].map((li, place) => [li.dataset.index, { li, place }]));
    [...lists[at].children].forEach((li, place) => {
      const other = right.get(li.dataset.index);
      if (!other) return;
      // Offsets, since a rectangle would say where a gliding element is just now.
      const x1 = li.offsetLeft + li.offsetWidth + 4, x2 = other.li.offsetLeft - 4, bend = (x2 - x1) / 2;
      const y1 = li.offsetTop + 22, y2 = other.li.offsetTop + 22;
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
      path.setAttribute("class", other.place < place ? "up" : other.place > place ? "down" : "");
      path.dataset.index = li.dataset.index;
      lines.append(path);
    });
  }
}

// Where a passage stands in a string of JavaScript; the server counts characters.
function place(text, { start, end }) {
  const characters = [...text];
  const begin = characters.slice(0, start).join("").length;
  return { begin, end: begin + characters.slice(start, end).join("").length };
}

// Asks for the passage that earned each of the best documents its score, and marks it.
async function markPassages(query, texts, { model, results }, run) {
  if (state.models.find(({ id }) => !model || id === model)?.head === "listwise") return;
  // The passage of a document that answers nothing would say nothing.
  const worth = results.filter((result) => result.relevance_score >= results[0].relevance_score / 4).slice(0, DOCUMENTS_MARKED);
  const body = requestBody(query, worth.map(({ index }) => texts[index]), model);
  const answer = await call("v1/rerank", { ...body, return_passages: 1 });
  if (run !== state.run) return;
  for (const { index: at, passages: [passage] } of answer.results) {
    const { index } = worth[at];
    const li = $("columns").querySelector(`li[data-index="${index}"]`);
    if (!li || !passage || passage.text === texts[index].trim()) continue;
    fill(li.querySelector(".text"), texts[index], place(texts[index], passage));
  }
}

async function rank() {
  $("error").hidden = true;
  const run = ++state.run;
  let form;
  try { form = readForm(); } catch (error) { return fail(error); }
  const { query, texts } = form;
  $("rank").disabled = true;
  $("columns").classList.add("stale");
  $("summary").textContent = `ranking ${number(texts.length)} documents…`;
  const start = performance.now();
  try {
    const rankings = [];
    for (const model of chosenModels()) {
      const answer = await call("v1/rerank", requestBody(query, texts, model));
      rankings.push({ model: model || answer.model, results: answer.results, tokens: answer.usage?.total_tokens ?? 0 });
    }
    const ms = performance.now() - start;
    show(rankings, texts);
    const tokens = rankings.reduce((sum, ranking) => sum + ranking.tokens, 0);
    $("summary").textContent = `${number(texts.length)} documents, ${number(tokens)} tokens in ${ms.toFixed(0)} ms`;
    $("rank").disabled = false;
    if (rankings.length === 1) await markPassages(query, texts, rankings[0], run);
  } catch (error) {
    $("summary").textContent = "";
    fail(error);
  } finally {
    $("rank").disabled = false;
    $("columns").classList.remove("stale");
  }
}

function edited() {
  let note = "";
  let body;
  try {
    const { texts, format } = parseDocuments($("documents").value);
    note = `${number(texts.length)} · ${format}`;
    body = requestBody($("query").value, texts.slice(0, 50), chosenModels()[0]);
  } catch (error) { note = error.message; }
  $("count").textContent = note;
  if (body) $("code").textContent = snippet(state.language, new URL("v1/rerank", location.href).href, body, $("key").value !== "");
}

function takeExample() {
  $("query").value = EXAMPLE.query;
  $("documents").value = EXAMPLE.documents.join("\n");
  edited();
  rank();
}

async function take(file) {
  $("documents").value = await file.text();
  edited();
  if ($("query").value.trim()) rank(); else $("query").focus();
}

function card(model) {
  const flow = make("ol", { className: "flow", ariaLabel: "From input to output" });
  const [reads, detail] = HEADS[model.head] ?? ["Head", model.head ?? ""];
  const steps = [
    ["Query + document", "text, any language"], ["Tokens", `at most ${number(model.context_length ?? 0)}`],
    ["Encoder", model.architecture ?? ""],
    [reads, detail],
    ["relevance_score", "0 to 1"],
  ];
  for (const [name, note] of steps) flow.append(make("li", {}, make("b", { textContent: name }), make("span", { textContent: note })));
  const facts = make("dl");
  for (const [key, value] of Object.entries(model)) {
    if (value === null || typeof value === "object" || ["id", "object", "owned_by", "root"].includes(key)) continue;
    const shown = typeof value !== "number" ? value : key.includes("bytes") ? `${(value / 2 ** 20).toFixed(1)} MiB` : key === "created" ? new Date(value * 1000).toLocaleString("en") : number(value);
    facts.append(make("div", {}, make("dt", { textContent: key.replaceAll("_", " ") }), make("dd", { textContent: String(shown) })));
  }
  return make("article", { className: "card" }, make("h3", { textContent: model.id }), flow, facts);
}

async function loadModels() {
  const { data } = await call("v1/models");
  state.models = data;
  $("serving").textContent = data.map((model) => model.id).join(", ");
  $("cards").replaceChildren(...data.map(card));
  $("model-title").textContent = data.length === 1 ? "Model" : "Models";
  const legend = document.querySelector("#models legend");
  $("models").replaceChildren(legend, ...data.map(({ id }, at) =>
    make("label", {}, make("input", { type: "checkbox", value: id, checked: at === 0 }), id)));
  if (data.length === 1) $("models").append(make("p", { textContent: "podium serve --model a=DIR --model b=DIR compares models side by side." }));
}

async function loadOperations() {
  let status;
  try { status = await call("status"); } catch { $("operations").hidden = true; return; }
  const facts = {
    state: status.status, version: status.version, "uptime": `${number(Math.round(status.uptime_seconds / 60))} min`,
    "requests ranked": number(status.requests_ranked ?? 0), "p50": `${status.latency_ms?.p50 ?? 0} ms`,
    "p99": `${status.latency_ms?.p99 ?? 0} ms`, "recent errors": status.recent_errors?.length ?? 0,
  };
  $("status").replaceChildren(...Object.entries(facts).map(([name, value]) =>
    make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: String(value) }))));
  $("operations").hidden = false;
  const { keys = [] } = await call("admin/keys").catch(() => ({}));
  $("keys").hidden = keys.length === 0;
  const limit = (value) => (value === null ? "–" : number(value));
  document.querySelector("#keys tbody").replaceChildren(...keys.map((key) => make("tr", {},
    ...[key.name, key.scopes.join(", "), limit(key.limits.requests_per_minute), limit(key.limits.tokens_per_minute),
      key.last_used_at ? new Date(key.last_used_at).toLocaleString("en") : "never", key.revoked_at ? "revoked" : "active",
    ].map((text) => make("td", { textContent: text })))));
}

async function connect(first) {
  try {
    await loadModels();
    $("error").hidden = true;
    loadOperations();
    if (first) takeExample();
  } catch (error) {
    if (error.status === 503) {
      $("serving").textContent = "loading the model…";
      setTimeout(connect, 1000, first);
      return;
    }
    $("serving").textContent = error.status === 401 ? "needs an API key" : "not reachable";
    fail(error);
  }
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); rank(); });
$("example").addEventListener("click", takeExample);
$("query").addEventListener("input", edited);
$("documents").addEventListener("input", edited);
$("key").addEventListener("change", () => { sessionStorage.setItem("podium-key", $("key").value.trim()); edited(); connect(state.models.length === 0); });
$("file").addEventListener("change", ({ target }) => { if (target.files[0]) take(target.files[0]); target.value = ""; });
$("models").addEventListener("change", ({ target }) => {
  if (chosenModels().length > COMPARED) target.checked = false;
  edited();
  rank();
});
document.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); rank(); } });
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", over);
    if (name === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}
const tabs = [...document.querySelectorAll("[role=tab]")];
const select = (tab) => {
  for (const other of tabs) { other.ariaSelected = String(other === tab); other.tabIndex = other === tab ? 0 : -1; }
  state.language = tab.id.slice(4);
  $("code").setAttribute("aria-labelledby", tab.id);
  edited();
};
$("languages").addEventListener("click", ({ target }) => target.role === "tab" && select(target));
$("languages").addEventListener("keydown", ({ key }) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!by) return;
  const next = tabs[(tabs.findIndex((tab) => tab.ariaSelected === "true") + by + tabs.length) % tabs.length];
  select(next);
  next.focus();
});
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("code").textContent);
  } catch {  // plain HTTP from another machine has no clipboard: select, so that Ctrl C copies
    getSelection().selectAllChildren($("code"));
  }
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
});
for (const name of ["mouseover", "mouseout"]) {
  $("columns").addEventListener(name, ({ target }) => {
    const index = target.closest("li")?.dataset.index;
    for (const element of $("columns").querySelectorAll("[data-index]")) {
      element.classList.toggle("same", name === "mouseover" && element.dataset.index === index);
    }
  });
}
new ResizeObserver(drawLines).observe($("columns"));
$("key").value = sessionStorage.getItem("podium-key") ?? "";
connect(true);
