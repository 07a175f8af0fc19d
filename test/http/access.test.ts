/** Who is answered: tokens, loopback, web pages of other origins, DNS rebinding, proxies; and what a client can hold open or flood. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import test from "node:test";
import { type Asker, isLoopbackHost, refusal } from "../../src/doors/http/access.ts";
import { HttpDoorError } from "../../src/doors/http/http-door.ts";
import { codeOf, envelope, letter, openDoor, post, raw, withDoor } from "./door.ts";

const token = "correct-horse-battery-staple";
const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const tokens = [digest("another"), digest(token)];

test("without tokens: everything on loopback", async () => {
  await withDoor({}, async ({ url }) => {
    for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"]) assert.equal((await fetch(url + path)).status, 200, path);
    assert.equal((await post(`${url}/v1/inspect?${envelope}`, letter)).status, 200);
  });
});

test("with tokens: the API wants one, health does not on loopback; a wrong one is refused everywhere", async () => {
  await withDoor({ habits: { tokens } }, async ({ url }) => {
    const without = await post(`${url}/v1/inspect?${envelope}`, letter);
    assert.deepEqual(
      [without.status, without.headers.get("www-authenticate"), await codeOf(without)],
      [401, 'Bearer realm="assay"', "token-missing"],
    );
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
    assert.equal((await post(`${url}/v1/inspect?${envelope}`, letter, { Authorization: `Bearer ${token}` })).status, 200);
    assert.equal((await post(`${url}/v1/inspect?${envelope}`, letter, { Authorization: `bearer  ${token}` })).status, 200);
    assert.equal((await post(`${url}/checkv2`, letter, { Password: token })).status, 200);
    for (const wrong of [`${token}x`, token.slice(1), "", digest(token), digest(token).slice(7), "Basic YTpi"]) {
      const response = await fetch(`${url}/healthz`, { headers: { Authorization: wrong.startsWith("Basic") ? wrong : `Bearer ${wrong}` } });
      assert.equal(response.status, 401, wrong);
      assert.equal(await codeOf(response), "token-wrong");
    }
  });
});

test("tokens are read anew for each request", async () => {
  let current: readonly string[] = [];
  const habits = {
    get tokens() {
      return current;
    },
  };
  await withDoor({ habits }, async ({ url }) => {
    assert.equal((await post(`${url}/v1/inspect`, letter)).status, 200);
    current = tokens;
    assert.equal((await post(`${url}/v1/inspect`, letter)).status, 401);
  });
});

test("a door that others can reach does not open without tokens, and says how to make one", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "mx.example"]) {
    await assert.rejects(openDoor({ at: { kind: "inet", host, port: 0 } }), (error: unknown) => {
      assert.ok(error instanceof HttpDoorError);
      assert.equal(error.code, "http-tokens-missing");
      assert.match(error.message, /openssl rand -hex 32.*sha256sum.*http\.tokens/);
      return true;
    });
  }
});

test("a client from elsewhere: nothing without a token, not even health", () => {
  const asker = (headers: Record<string, string>): Asker => ({ address: "192.0.2.7", header: (name) => headers[name] });
  const rules = { tokens, host: "0.0.0.0" };
  assert.equal(refusal(asker({}), "open", rules)?.code, "token-missing");
  assert.equal(refusal(asker({}), "api", rules)?.code, "token-missing");
  assert.equal(refusal(asker({}), "open", { tokens: [], host: "127.0.0.1" })?.code, "not-loopback");
  assert.equal(refusal(asker({ authorization: `Bearer ${token}`, host: "mx.example", origin: "https://mx.example" }), "api", rules), null);
});

for (const [host, answer] of [
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["128.0.0.1", false],
  ["::2", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["2130706433", false],
  ["0.0.0.0", false],
] as const) {
  test(`loopback: ${host} ${answer ? "is" : "is not"}`, () => assert.equal(isLoopbackHost(host), answer));
}

test("DNS rebinding: a Host that is not ours is refused, whoever it resolves to", async () => {
  await withDoor({}, async ({ port }) => {
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "[::2]:80",
      "127.0.0.1:80:80",
      "evil@127.0.0.1",
    ]) {
      const told = await raw(port, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match(told, /^HTTP\/1\.1 40[03] /, host);
      assert.doesNotMatch(told, /assay_build_info/);
    }
    for (const host of ["localhost", `127.0.0.1:${port}`, `LocalHost:${port}`, "[::1]:80"]) {
      assert.match(await raw(port, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 200 /, host);
    }
    assert.match(await raw(port, "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 400 /);
  });
});

test("a web page of another origin cannot send us mail to learn from, nor read what we answer", async () => {
  await withDoor({}, async ({ url, port, decisions }) => {
    const own = `http://127.0.0.1:${port}`;
    for (const headers of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: `http://127.0.0.1:${port + 1}` },
      { Origin: `https://127.0.0.1:${port}` },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site", Origin: own },
    ]) {
      const response = await post(`${url}/checkv2`, letter, { ...headers, "Content-Type": "text/plain" });
      assert.deepEqual([response.status, await codeOf(response)], [403, "origin-foreign"], JSON.stringify(headers));
      assert.equal(response.headers.get("access-control-allow-origin"), null);
    }
    assert.equal(decisions.length, 0);
    assert.equal((await post(`${url}/checkv2`, letter, { Origin: own, "Sec-Fetch-Site": "same-origin" })).status, 200);
  });
});

test("what a proxy on this machine has passed on is not from this machine", async () => {
  await withDoor({}, async ({ url }) => {
    for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"]) {
      const response = await fetch(`${url}/metrics`, { headers: { [name]: "for=127.0.0.1" } });
      assert.deepEqual([response.status, await codeOf(response)], [403, "not-loopback"], name);
    }
  });
});

test("what is not there is 404, also the root; a wrong method is 405 with the right one", async () => {
  await withDoor({}, async ({ url }) => {
    for (const path of ["/", "/v1", "/v1/inspect/", "/../etc/passwd", "/healthz%00", "/checkv2/x"]) {
      const response = await fetch(url + path);
      assert.equal(response.status, 404, path);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(await codeOf(response), "not-found");
    }
    const got = await fetch(`${url}/v1/inspect`);
    assert.deepEqual([got.status, got.headers.get("allow"), await codeOf(got)], [405, "POST", "method-not-allowed"]);
    const posted = await post(`${url}/metrics`, "");
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal((await fetch(`${url}/healthz`, { method: "HEAD" })).status, 200);
  });
});

test("answers are not kept, not guessed at, and no page", async () => {
  await withDoor({}, async ({ url }) => {
    const { headers } = await fetch(`${url}/healthz`);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
  });
});

test("431: headers past their limit", async () => {
  await withDoor({}, async ({ port }) => {
    const told = await raw(port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"a".repeat(300 * 1024)}\r\n\r\n`);
    if (told !== "") assert.match(told, /^HTTP\/1\.1 431 [\s\S]*"code":"header-too-large"/);
  });
});

test("slow loris: headers that do not come are given up", { timeout: 30_000 }, async () => {
  await withDoor({}, async ({ port }) => {
    const startedAt = Date.now();
    const told = await raw(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", { waitMs: 20_000 });
    assert.match(told, /^HTTP\/1\.1 408 [\s\S]*"code":"message-late"/);
    assert.ok(Date.now() - startedAt < 15_000);
  });
});

test("a connection too many is refused and counted; the others go on", async () => {
  await withDoor({ connectionsMax: 2 }, async ({ port, url, events, door }) => {
    const held = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    for (let i = 0; i < 100 && door.connections < 2; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await raw(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), "");
    assert.deepEqual(events, ["opened", "opened", "refused"]);
    for (const socket of held) socket.destroy();
    for (let i = 0; i < 100 && door.connections > 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

test("readiness tells each part that is not ready, with 503", async () => {
  const ready = async () => [
    { name: "dns", ok: false, why: "no server of [dns] answers; look at 127.0.0.1" },
    { name: "store", ok: true, why: null },
  ];
  await withDoor({ means: { ready } }, async ({ url }) => {
    const response = await fetch(`${url}/readyz`);
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { status: "not-ready", parts: await ready() });
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

test("metrics are Prometheus' text; a fault in collecting them is a 500 that is told", async () => {
  await withDoor({}, async ({ url }) => {
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match(await response.text(), /^assay_build_info 1$/m);
  });
  await withDoor({ means: { metrics: () => Promise.reject(new Error("a bug")) } }, async ({ url, faults }) => {
    const response = await fetch(`${url}/metrics`);
    assert.deepEqual([response.status, await codeOf(response), faults.length], [500, "fault", 1]);
  });
});

test("the schema is OpenAPI 3.1 and has every path and every error code", async () => {
  await withDoor({}, async ({ url }) => {
    const schema = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
    };
    assert.equal(schema.openapi, "3.1.0");
    assert.deepEqual(Object.keys(schema.paths).toSorted(), ["/checkv2", "/healthz", "/metrics", "/openapi.json", "/readyz", "/v1/inspect"]);
    const text = JSON.stringify(schema);
    for (const word of ["compauth", "messageBase64", "rcpt_to", "token-missing", "message-too-large", "file-input"])
      assert.ok(text.includes(word), word);
  });
});
