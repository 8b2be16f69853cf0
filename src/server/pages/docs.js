// The reference, drawn from /openapi.json.
const box = document.getElementById("paths");
const make = (name, text, parent) => {
  const element = document.createElement(name);
  element.textContent = text;
  parent.append(element);
  return element;
};
const document_ = await (await fetch("openapi.json")).json();
const byTag = new Map();
for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const tag = operation.tags[0];
    byTag.set(tag, [...(byTag.get(tag) ?? []), { path, method, operation }]);
  }
}
for (const [tag, operations] of byTag) {
  const section = document.createElement("section");
  make("h2", tag, section);
  for (const { path, method, operation } of operations) {
    const details = document.createElement("details");
    details.className = "card";
    make("summary", `${method.toUpperCase()} ${path} — ${operation.summary}`, details);
    const request = operation.requestBody?.content["application/json"].schema;
    const response = operation.responses["200"]?.content?.["application/json"]?.schema;
    for (const [name, schema] of [["Request", request], ["Response", response]]) {
      if (!schema) continue;
      make("h3", name, details);
      make("pre", JSON.stringify(schema, null, 2), details);
    }
    section.append(details);
  }
  box.append(section);
}
