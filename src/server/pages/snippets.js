// The call of the page as a program in other words.

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const languages = {
  curl: (url, body, key) => [
    `curl ${url}`,
    ...(key ? ['  -H "Authorization: Bearer $PODIUM_API_KEY"'] : []),
    "  -H 'Content-Type: application/json'",
    `  -d ${shell(JSON.stringify(body, null, 2))}`,
  ].join(" \\\n"),
  python: (url, body, key) => `import json
${key ? "import os\n" : ""}import urllib.request

body = json.loads(r'''${JSON.stringify(body, null, 2).replaceAll("'''", "''\\u0027")}''')
headers = {"Content-Type": "application/json"${key ? ', "Authorization": f"Bearer {os.environ[\'PODIUM_API_KEY\']}"' : ""}}
request = urllib.request.Request("${url}", json.dumps(body).encode(), headers)
for result in json.load(urllib.request.urlopen(request))["results"]:
    print(f"{result['relevance_score']:.4f}", body["documents"][result["index"]])`,
  javascript: (url, body, key) => `const body = ${JSON.stringify(body, null, 2)};
const response = await fetch("${url}", {
  method: "POST",
  headers: { "Content-Type": "application/json"${key ? ", Authorization: `Bearer ${process.env.PODIUM_API_KEY}`" : ""} },
  body: JSON.stringify(body),
});
for (const { index, relevance_score } of (await response.json()).results) {
  console.log(relevance_score.toFixed(4), body.documents[index]);
}`,
};

// `key`: whether the call needs one; the key itself is never written.
export const snippet = (language, url, body, key) => languages[language](url, body, key);
