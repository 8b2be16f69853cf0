// /openapi.json as a page to read.
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const response = await fetch("openapi.json");
const api = response.ok ? await response.json() : {};
const resolve = (schema) => (schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema);

const typeOf = (given) => {
  const schema = resolve(given);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  return [schema.type ?? "any"].flat()
    .map((type) => (type === "array" && schema.items ? `array of ${typeOf(schema.items)}` : type)).join(" or ");
};

function fields(title, given) {
  const schema = resolve(given);
  const rows = Object.entries(schema.properties ?? {}).map(([name, value]) => [name, resolve(value)]).map(([name, field]) => make("tr", {},
    make("td", {}, make("code", { textContent: name })),
    make("td", { textContent: typeOf(field) }),
    make("td", { textContent: schema.required?.includes(name) ? "required" : field.default === undefined ? "" : `default ${JSON.stringify(field.default)}` }),
    make("td", { textContent: field.description ?? "" })));
  if (rows.length === 0) return make("p", { textContent: `${title}: ${typeOf(schema)}` });
  return make("table", {}, make("caption", { textContent: title }), make("tbody", {}, ...rows));
}

function entry({ path, method, operation }) {
  const body = operation.requestBody?.content["application/json"].schema;
  const answer = operation.responses["200"]?.content?.["application/json"]?.schema;
  const variants = (title, schema) => (schema?.anyOf ?? (schema ? [schema] : [])).map((one) => fields(title, one));
  return make("details", { className: "card" },
    make("summary", {}, make("b", { textContent: `${method.toUpperCase()} ` }), make("code", { textContent: path }), ` ${operation.summary}`),
    make("p", { textContent: operation.description ?? "" }), ...variants("Request", body), ...variants("Response", answer));
}

if (!response.ok) {
  const error = document.getElementById("error");
  error.textContent = `The server answered ${response.status}.`;
  error.hidden = false;
} else {
  document.getElementById("serving").textContent = `API reference, version ${api.info.version}`;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags;
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, operation }]);
    }
  }
  for (const [tag, operations] of groups) {
    document.getElementById("paths").append(make("h2", { textContent: tag }), ...operations.map(entry));
  }
}
