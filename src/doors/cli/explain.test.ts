/** `assay explain` at the terminal: ways in, the one error line, JSON, and headers that try to act on the screen. */
import assert from "node:assert/strict";
import test from "node:test";
import { type Ports, UsageError } from "./ports.ts";
import { run } from "./program.ts";

type Ran = { readonly status: number; readonly out: string; readonly err: string };

async function explain(args: readonly string[], input: string | Uint8Array = "", terminal: "terminal" | "pipe" = "pipe"): Promise<Ran> {
  const texts = { out: "", err: "" };
  const output = (to: "out" | "err") => ({
    write: (text: string) => {
      texts[to] += text;
      return Promise.resolve(true);
    },
    isTerminal: false,
    colour: false,
  });
  const refused = () => Promise.reject(new UsageError("explain asks nobody"));
  const ports: Ports = {
    out: output("out"),
    err: output("err"),
    stdin: async function* () {
      yield Buffer.from(input);
    },
    stdinIsTerminal: terminal === "terminal",
    clock: () => 0,
    random: () => 0,
    hostName: () => "mx.fabrikam.com",
    openResolver: refused,
    loadSettings: refused,
    openLearning: () => Promise.reject(new Error("no store here")),
    openMemory: () => Promise.reject(new Error("no store here")),
    openEntries: () => Promise.reject(new Error("no store here")),
    openInsight: () => Promise.reject(new Error("no store here")),
    openJournal: () => Promise.reject(new Error("no store here")),
    userName: () => "nobody",
    openHeld: () => {
      throw new Error("not in this test");
    },
    serve: () => {
      throw new Error("not in this test");
    },
    openMaintenance: () => {
      throw new Error("no store here");
    },
    startWorker: () => {
      throw new Error("no threads here");
    },
  };
  return { status: await run(["explain", ...args], ports), ...texts };
}

const headers =
  "Authentication-Results: spf=none (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com;\r\n dkim=none (message not signed) header.d=none;dmarc=none action=none\r\n header.from=fabrikam.com;compauth=fail reason=001\r\n";

test("the answer first, then why, then what to do, then what cannot be proven", async () => {
  const { status, out } = await explain([], headers);
  assert.equal(status, 0);
  const lines = out.split("\n");
  assert.equal(lines[0], "✗ fail 001   fabrikam.com   says Microsoft 365");
  const order = ["Nobody vouches", "What the fields say", "What to do", "What headers alone cannot prove"];
  const places = order.map((text) => lines.findIndex((line) => line.includes(text)));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.ok(places.every((place) => place > 0));
});

test("a file, a dash, and JSON with its five parts on one line", async () => {
  const file = await explain(["examples/headers/yahoo-pass.txt"]);
  assert.match(file.out, /^✓ pass {3}news@northwind\.example/);
  const { out } = await explain(["--json", "-"], headers);
  assert.equal(out.trimEnd().split("\n").length, 1);
  const account = JSON.parse(out);
  for (const part of ["hops", "results", "verdict", "notes", "cannotProve"]) assert.ok(part in account, part);
  assert.equal(account.verdict.reason, "001");
});

test("several files, each under its name; one that cannot be read stops none", async () => {
  const [pass, spoofed] = ["examples/headers/yahoo-pass.txt", "examples/headers/microsoft-spoofed.txt"];
  const { status, out, err } = await explain([pass, "missing.txt", spoofed]);
  assert.deepEqual([status, err], [2, "assay: missing.txt: no such file or directory\n"]);
  assert.deepEqual(
    out.split("\n").filter((line) => /^\S/.test(line)),
    [pass, (await explain([pass])).out.split("\n")[0], spoofed, (await explain([spoofed])).out.split("\n")[0]],
  );
  const json = (await explain(["--json", pass, spoofed])).out.trimEnd().split("\n");
  assert.deepEqual(
    json.map((line) => JSON.parse(line).source),
    [pass, spoofed].map((file) => ({ file, index: 0 })),
  );
});

test("a terminal is told how to paste", async () => {
  const { err, status } = await explain([], headers, "terminal");
  assert.match(err, /Ctrl-D/);
  assert.equal(status, 0);
});

const refusals: readonly [name: string, args: readonly string[], input: string, text: RegExp][] = [
  ["nothing", [], "", /^assay: standard input: empty: there is nothing to explain\n$/],
  ["no field", [], "just a sentence\n", /^assay: standard input: not one header field, such as .+: there is nothing to explain\n$/],
  ["no such file", ["missing.txt"], "", /^assay: missing\.txt: no such file or directory\n$/],
  ["a directory", ["examples"], "", /^assay: examples: .+\n$/],
  ["two files, neither there", ["a", "b"], "", /^assay: a: no such file or directory\nassay: b: no such file or directory\n$/],
];

for (const [name, args, input, text] of refusals) {
  test(`exit status 2 and one line: ${name}`, async () => {
    const { status, out, err } = await explain(args, input);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(err, text);
  });
}

test("attack: escape sequences, bidirectional and invisible characters are shown as codes wherever they stand", async () => {
  const evil = "\u001b[2J\u001b]0;x\u0007\u202e\u200b\u009b31m";
  const input = [
    `Received: from ${evil} (x [198.51.100.7]) by mx${evil}.contoso.com`,
    `Authentication-Results: mx.contoso.com; spf=pass (${evil}) smtp.mailfrom="${evil}"; dmarc=pass header.from=${evil}a.example reason="${evil}"`,
    `Authentication-Results: ${evil}; compauth=pass reason=${evil}`,
    `Received-SPF: pass (${evil}: domain of ${evil} designates x)`,
    `X-Forefront-Antispam-Report: CAT:${evil};SFV:${evil};SFTY:${evil};SCL:${evil};`,
    `ARC-Seal: i=1; d=${evil}`,
    `From: "${evil}" <${evil}@a.example>`,
  ].join("\r\n");
  for (const args of [[], ["--json"]]) {
    const { out, err, status } = await explain(args, input);
    assert.equal(status, 0);
    assert.doesNotMatch(out + err, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
  }
});

test("limits: a screenful, whatever the header", async () => {
  const many = Array.from(
    { length: 200 },
    (_, i) =>
      `Received: from a ([10.0.0.1]) by b${i}.example\r\nAuthentication-Results: mx${i}.example; dmarc=pass header.from=a.example\r\n`,
  );
  const { out } = await explain([], many.join(""));
  assert.ok(out.split("\n").length < 60);
  assert.ok(out.split("\n").every((line) => line.length < 700));
});

test("a long message is read no further than a header can be", async () => {
  const { status } = await explain([], `${headers}\r\n${"body\r\n".repeat(500_000)}`);
  assert.equal(status, 0);
});
