/** POST /checkv2 over real sockets: rspamd's request headers in, its answer out, and no file of ours ever. */
import assert from "node:assert/strict";
import { request } from "node:http";
import test from "node:test";
import { checkAnswer } from "../../src/doors/http/check-answer.ts";
import { envelopeOfHeaders } from "../../src/doors/http/check-route.ts";
import type { Disposition } from "../../src/gateway/dialogue/journey.ts";
import { inspectionWith } from "../inspections.ts";
import { plainDialogue, serviceOf } from "../plain-dialogue.ts";
import { codeOf, letter, post, raw, withDoor } from "./door.ts";

type Answer = {
  readonly action: string;
  readonly score: number;
  readonly required_score: number;
  readonly is_skipped: boolean;
  readonly symbols: Record<string, { readonly name: string; readonly score: number; readonly options: readonly string[] }>;
  readonly messages: { readonly smtp_message?: string };
  readonly "message-id": string;
  readonly milter?: {
    readonly add_headers: Record<string, { value: string; order: number }>;
    readonly remove_headers: Record<string, number>;
  };
  readonly assay: { readonly reason: string } | null;
};

/** As Haraka sends it: node's request, with a header a recipient. */
function check(
  port: number,
  headers: Record<string, string | string[]>,
  body = letter,
): Promise<{ readonly status: number; readonly answer: Answer }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: "/checkv2", method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, answer: JSON.parse(text) as Answer }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const usual = {
  IP: "192.0.2.1",
  Helo: "mx.good.example",
  From: "<ada@good.example>",
  Rcpt: ["<bob@us.example>", '<"a,b"@us.example>'],
  "Queue-Id": "Q1",
};

test("good mail: no action, rspamd's symbols, our stamp on top", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const { status, answer } = await check(port, {
      ...usual,
      Hostname: "evil.example",
      SPF: "fail",
      Settings: "{}",
      "Deliver-To": "bob@us.example",
      "TLS-Version": "TLSv1.3",
      "TLS-Cipher": "X",
    });
    assert.equal(status, 200);
    assert.deepEqual([answer.action, answer.score, answer.required_score, answer.is_skipped], ["no action", 0, 15, false]);
    assert.equal(answer["message-id"], "1@good.example");
    for (const name of ["ASSAY_COMPAUTH_PASS", "R_SPF_ALLOW", "R_DKIM_NA", "DMARC_POLICY_ALLOW", "ARC_NA"]) {
      const symbol = answer.symbols[name];
      assert.deepEqual([symbol?.name, symbol?.score], [name, 0]);
    }
    assert.deepEqual(answer.symbols["ASSAY_COMPAUTH_PASS"]?.options, ["100"]);
    const stamp = answer.milter?.add_headers["Authentication-Results"];
    assert.equal(stamp?.order, 0);
    assert.match(stamp?.value ?? "", /^mx\.us\.example;[\s\S]*compauth=pass reason=100/);
    assert.doesNotMatch(stamp?.value ?? "", /\r|\n[^ \t]/);
    const { rcptTo, queueId, client } = decisions[0] ?? {};
    assert.deepEqual([rcptTo, queueId], [["bob@us.example", '"a,b"@us.example'], "Q1"]);
    assert.deepEqual(client, {
      listener: "inbound",
      ip: "192.0.2.1",
      helo: "mx.good.example",
      tls: { version: "TLSv1.3", cipher: "X", subject: null },
      authenticatedAs: null,
    });
  });
});

test("HTTP/1.0 without a Host, as rspamc sends it", async () => {
  await withDoor({}, async ({ port }) => {
    const head = [
      "POST /checkv2 HTTP/1.0",
      `Content-Length: ${letter.length}`,
      "Connection: close",
      "Ip: 192.0.2.1",
      "Filename: /etc/passwd",
      "From: ada@good.example",
    ];
    const told = await raw(port, `${head.join("\r\n")}\r\nRcpt: bob@us.example\r\n\r\n${letter}`);
    assert.match(told, /^HTTP\/1\.1 200 OK\r\n[\s\S]*"action":"no action"/);
  });
});

test("forged stamps are taken out: one by its place, several of a name all", async () => {
  const forged = "Authentication-Results: mx.us.example; dmarc=pass\r\n";
  await withDoor({}, async ({ port }) => {
    const one = await check(port, usual, `Authentication-Results: other.example; spf=pass\r\n${forged}${letter}`);
    assert.deepEqual(one.answer.milter?.remove_headers, { "authentication-results": 2 });
    const two = await check(port, usual, forged + forged + letter);
    assert.deepEqual(two.answer.milter?.remove_headers, { "authentication-results": 0 });
  });
});

test("enforced: a refusal is reject with its text, and no header edits", async () => {
  const toml = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\n';
  await withDoor({ toml }, async ({ port }) => {
    const { answer } = await check(port, { ...usual, IP: "IPv6:2001:db8::1", Rcpt: ["<bob@us.example>"] });
    assert.equal(answer.action, "reject");
    assert.match(answer.messages.smtp_message ?? "", /does not accept email over IPv6/);
    assert.equal(answer.milter, undefined);
  });
});

test("observed: what would be refused is no action, and stamped", async () => {
  await withDoor({ toml: '[[domains]]\nname = "us.example"\n' }, async ({ port }) => {
    const { answer } = await check(port, { ...usual, IP: "2001:db8::1", Rcpt: ["<bob@us.example>"] });
    assert.equal(answer.action, "no action");
    assert.ok(answer.milter?.add_headers["Authentication-Results"]);
  });
});

test("DNS that does not answer, enforced: soft reject until the message has come often enough", async () => {
  const toml = '[policy]\nmode = "enforce"\npreset = "strict"\n[serve]\ndeferrals_max = 1\n';
  const body = letter.replaceAll("good.example", "broken.example");
  await withDoor({ toml }, async ({ port }) => {
    const headers = { IP: "192.0.2.9", Helo: "x.broken.example", From: "ada@broken.example", Rcpt: "bob@us.example" };
    assert.equal((await check(port, headers, body)).answer.action, "soft reject");
    assert.notEqual((await check(port, headers, body)).answer.action, "soft reject");
  });
});

test("busy is a soft reject: the mail server's client comes again", async () => {
  const reply = { code: 451, enhanced: "4.3.2", text: "busy" };
  const service = serviceOf(() => plainDialogue({ data: async () => ({ kind: "refuse", reply, inspection: null }) }));
  await withDoor({ service }, async ({ port }) => {
    const { status, answer } = await check(port, usual);
    assert.deepEqual([status, answer.action, answer.assay, answer["message-id"]], [200, "soft reject", null, "undef"]);
  });
});

for (const name of ["File", "Path", "Shm", "Shm-Offset", "Message-Path"]) {
  test(`400: ${name} is never opened (rspamd's critical fix of 4.1.5)`, async () => {
    await withDoor({}, async ({ url, decisions }) => {
      const response = await post(`${url}/checkv2`, letter, { [name]: "/etc/passwd" });
      assert.deepEqual([response.status, await codeOf(response), decisions.length], [400, "file-input", 0]);
    });
  });
}

test("400: headers that are no envelope; 415: a packed message; 422: no mail", async () => {
  await withDoor({}, async ({ url }) => {
    const bad = await post(`${url}/checkv2`, letter, { IP: "unknown" });
    assert.equal(bad.status, 400);
    assert.match(await bad.text(), /IP: wants an IPv4 or IPv6 address/);
    assert.equal((await post(`${url}/checkv2`, letter, { Compression: "zstd" })).status, 415);
    assert.equal((await post(`${url}/checkv2`, "no mail")).status, 422);
  });
});

test("an internationalized address in a header is UTF-8 (RFC 6531 §3.3); other octets stay as they are", () => {
  const latin = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  const read = envelopeOfHeaders({
    from: [latin("<jürgen@bücher.example>")],
    rcpt: [latin("用户@us.example"), "\xff@us.example"],
    ip: [""],
  });
  assert.ok(read.ok);
  assert.deepEqual(
    [read.envelope.mailFrom, read.envelope.rcptTo, read.envelope.ip],
    ["jürgen@bücher.example", ["用户@us.example", "\xff@us.example"], null],
  );
});

for (const [written, ip] of [
  ["192.0.2.1:12345", "192.0.2.1"],
  ["[2001:db8::1]:12345", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["IPv6:2001:db8::1", "2001:db8::1"],
  ["[IPv6:2001:db8::1]", "2001:db8::1"],
] as const) {
  test(`the client's address as clients write it: ${written}`, () => {
    const read = envelopeOfHeaders({ ip: [written] });
    assert.ok(read.ok, JSON.stringify(read));
    assert.equal(read.envelope.ip, ip);
  });
}

test("GET with a body, as rspamd's milter asks (3.4)", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const head = [
      "GET /checkv2 HTTP/1.1",
      "Connection: close",
      "Host: 127.0.0.1:8890",
      `Content-Length: ${letter.length}`,
      "Queue-ID: Q1",
      "IP: 192.0.2.1:12345",
    ];
    const told = await raw(
      port,
      `${head.join("\r\n")}\r\nFlags: milter,body_block\r\nFrom: <ada@good.example>\r\nRcpt: <bob@us.example>\r\n\r\n${letter}`,
    );
    assert.match(told, /^HTTP\/1\.1 200 OK\r\n[\s\S]*"action":"no action"/);
    assert.equal(decisions[0]?.client.ip, "192.0.2.1");
  });
});

test("a header given twice is refused, not chosen from", () => {
  const read = envelopeOfHeaders({ ip: ["192.0.2.1", "192.0.2.2"] });
  assert.ok(!read.ok);
  assert.match(read.fault.message, /ip is given twice/);
});

type Decided = Exclude<Disposition, { readonly kind: "gone" }>;
const plain = inspectionWith();
const junk = { ...plain, action: { ...plain.action, kind: "junk", withheld: false } } as const;
for (const [what, disposition, action] of [
  ["delivered", { kind: "accept", headers: [], removals: [], hold: null, inspection: plain }, "no action"],
  ["junk", { kind: "accept", headers: [], removals: [], hold: null, inspection: junk }, "add header"],
  [
    "junk, observed",
    { kind: "accept", headers: [], removals: [], hold: null, inspection: { ...junk, action: { ...junk.action, withheld: true } } },
    "no action",
  ],
  ["to be held", { kind: "accept", headers: [], removals: [], hold: "why", inspection: plain }, "add header"],
  ["refused", { kind: "refuse", reply: { code: 550, enhanced: "5.7.1", text: "no" }, inspection: plain }, "reject"],
  ["told to come again", { kind: "refuse", reply: { code: 450, enhanced: "4.7.25", text: "later" }, inspection: plain }, "soft reject"],
  ["let through after a fault", { kind: "accept", headers: ["X-Assay-Fault: x"], removals: [], hold: null, inspection: null }, "no action"],
] as const satisfies readonly (readonly [string, Decided, string])[]) {
  test(`action: ${what} is ${action}`, () => assert.equal(checkAnswer(disposition, 0).action, action));
}

test("several fields: the one that is to stand topmost is inserted last, each name in order", () => {
  const headers = ["Authentication-Results: a;\r\n b", "X-Assay-Report: 1", "X-Extra: one", "X-Extra: two"];
  const { milter } = checkAnswer({ kind: "accept", headers, removals: [], hold: null, inspection: plain }, 0);
  assert.deepEqual(Object.entries(milter?.add_headers ?? {}), [
    [
      "X-Extra",
      [
        { value: "two", order: 0 },
        { value: "one", order: 0 },
      ],
    ],
    ["X-Assay-Report", { value: "1", order: 0 }],
    ["Authentication-Results", { value: "a;\n b", order: 0 }],
  ]);
});

test("attack: forged results behind 256 KB of header: refused as at the doors that take mail, with one decision", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const body = `${`${"X-Pad: ".padEnd(900, "x")}\r\n`.repeat(300)}Authentication-Results: mx.us.example; dmarc=pass\r\n${letter}`;
    const { status, answer } = await check(port, usual, body);
    assert.deepEqual([status, answer.action, answer.messages.smtp_message], [200, "reject", "Message header exceeds the size limit"]);
    assert.equal(decisions.length, 1);
  });
});

test("outbound mail to a domain that takes none (RFC 7505 §4.1): nobody was asked at RCPT, and it is refused as the proxy refuses it there", async () => {
  const outbound = { ...usual, User: "ann", Rcpt: "<x@noreply.example>" };
  await withDoor({ toml: '[policy]\nmode = "enforce"\n' }, async ({ port }) => {
    const { answer } = await check(port, outbound);
    assert.equal(answer.action, "reject");
    assert.match(answer.messages.smtp_message ?? "", /^Recipient address has null MX \[id [0-9a-f]+\]$/);
  });
  await withDoor({}, async ({ port, decisions }) => {
    assert.equal((await check(port, outbound)).answer.action, "no action");
    const action = decisions[0]?.disposition.inspection?.action;
    assert.deepEqual([action?.kind, action?.withheld], ["reject", true]);
  });
});
