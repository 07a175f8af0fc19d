/** POST /v1/inspect over real sockets: both forms, every error with its code, limits while streaming, and the Inspection as the answer. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Inspection } from "../../src/stamp/inspection.ts";
import { inspectionSchema } from "../../src/stamp/inspection-schema.ts";
import { plainDialogue, serviceOf } from "../plain-dialogue.ts";
import { codeOf, envelope, letter, openDoor, post, raw, withDoor } from "./door.ts";

async function inspectionOf(response: Response): Promise<Inspection> {
  const body: unknown = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return inspectionSchema.parse(body);
}

test("message/rfc822 with the envelope in the query: the Inspection, strictly of its schema", async () => {
  await withDoor({}, async ({ url, decisions }) => {
    const inspection = await inspectionOf(
      await post(`${url}/v1/inspect?${envelope}&rcpt_to=eve@us.example&queue_id=Q1&tls=TLSv1.3:TLS_AES_256_GCM_SHA384`, letter),
    );
    assert.equal(inspection.verdict.compauth, "pass");
    assert.equal(inspection.verdict.reason, "100");
    assert.equal(inspection.evidence.dmarc.result, "pass");
    const { ip, ptr, helo, mailFrom, rcptTo, queueId, tls, listener, direction, size } = inspection.transaction;
    assert.deepEqual(
      { ip, ptr, helo, mailFrom, rcptTo, queueId, tls, listener, direction, size },
      {
        ip: "192.0.2.1",
        ptr: "mx.good.example",
        helo: "mx.good.example",
        mailFrom: "ada@good.example",
        rcptTo: ["bob@us.example", "eve@us.example"],
        queueId: "Q1",
        tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", subject: null },
        listener: "inbound",
        direction: "inbound",
        size: letter.length,
      },
    );
    assert.equal(decisions.length, 1);
  });
});

test("application/json, message as text or base64: the same verdict", async () => {
  await withDoor({}, async ({ url }) => {
    const asked = { ip: "192.0.2.1", helo: "mx.good.example", mailFrom: "<ada@good.example>", rcptTo: ["<bob@us.example>"] };
    for (const message of [{ message: letter }, { messageBase64: Buffer.from(letter).toString("base64") }]) {
      const response = await post(`${url}/v1/inspect`, JSON.stringify({ ...message, envelope: asked }), {
        "Content-Type": "application/json; charset=utf-8",
      });
      const inspection = await inspectionOf(response);
      assert.equal(inspection.verdict.reason, "100");
      assert.deepEqual(inspection.transaction.rcptTo, ["bob@us.example"]);
    }
  });
});

test("what is not known of the envelope stays null; the empty path is the null path", async () => {
  await withDoor({}, async ({ url }) => {
    const bare = await inspectionOf(await post(`${url}/v1/inspect`, letter));
    assert.deepEqual([bare.transaction.ip, bare.transaction.mailFrom, bare.transaction.helo], [null, null, null]);
    const bounce = await inspectionOf(await post(`${url}/v1/inspect?mail_from=&helo=mx.good.example&ip=192.0.2.1`, letter));
    assert.equal(bounce.transaction.mailFrom, "");
    assert.equal(bounce.evidence.spf[0]?.domain, "mx.good.example");
  });
});

test("a login makes it outbound; an IPv4-mapped client is its IPv4 address", async () => {
  await withDoor({}, async ({ url }) => {
    const inspection = await inspectionOf(await post(`${url}/v1/inspect?authenticated_as=ada&ip=::ffff:192.0.2.1`, letter));
    assert.equal(inspection.transaction.direction, "outbound");
    assert.equal(inspection.transaction.ip, "192.0.2.1");
  });
});

test("what an early stage would refuse is in the Inspection, with every recipient", async () => {
  const toml = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\nipv6 = false\n';
  await withDoor({ toml }, async ({ url }) => {
    const inspection = await inspectionOf(
      await post(`${url}/v1/inspect?ip=2001:db8::1&mail_from=ada@good.example&rcpt_to=bob@us.example`, letter),
    );
    assert.deepEqual(inspection.transaction.rcptTo, ["bob@us.example"]);
    assert.equal(inspection.action.kind, "reject");
    assert.equal(inspection.action.smtp?.code, 550);
    assert.deepEqual(inspection.action.perRecipient, [{ recipient: "bob@us.example", kind: "reject" }]);
  });
});

for (const [what, query, told] of [
  ["an address that is none", "ip=192.0.2", "ip: wants an IPv4 or IPv6 address"],
  ["an unknown parameter", "mailfrom=ada@good.example", "there are ip, helo, mail_from"],
  ["a parameter given twice", "ip=192.0.2.1&ip=192.0.2.2", "ip is given twice"],
  ["TLS without a version", "tls=yes", "tls wants VERSION"],
  ["a line end in the HELO name (log and header injection)", "helo=a%0d%0aX-Evil:%201", "helo: wants text without control characters"],
  ["an empty recipient", "rcpt_to=", "rcpt_to (number 1): wants an address"],
  ["a value past its length", `mail_from=${"a".repeat(1001)}`, "mail_from: wants at most 1000 characters"],
  [
    "more recipients than are taken",
    Array.from({ length: 1001 }, (_, i) => `rcpt_to=r${i}@us.example`).join("&"),
    "rcpt_to: wants at most 1000 recipients",
  ],
] as const) {
  test(`400: ${what}`, async () => {
    await withDoor({}, async ({ url, decisions }) => {
      const response = await post(`${url}/v1/inspect?${query}`, letter);
      assert.equal(response.status, 400);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      assert.equal(error.code, "bad-envelope");
      assert.ok(error.message.includes(told), error.message);
      assert.equal(decisions.length, 0);
    });
  });
}

for (const [what, body, code] of [
  ["no JSON", "{", "bad-json"],
  ["neither message nor messageBase64", "{}", "bad-json"],
  ["both", JSON.stringify({ message: letter, messageBase64: "RnJvbQ==" }), "bad-json"],
  ["base64 that is none", JSON.stringify({ messageBase64: "%%%" }), "bad-json"],
  ["an unknown key", JSON.stringify({ message: letter, path: "/etc/passwd" }), "bad-json"],
  ["an unknown key of the envelope", JSON.stringify({ message: letter, envelope: { mail_from: "a@b.example" } }), "bad-envelope"],
  ["recipients that are no list", JSON.stringify({ message: letter, envelope: { rcptTo: "a@b.example" } }), "bad-envelope"],
] as const) {
  test(`400: JSON with ${what}`, async () => {
    await withDoor({}, async ({ url }) => {
      const response = await post(`${url}/v1/inspect`, body, { "Content-Type": "application/json" });
      assert.equal(response.status, 400);
      assert.equal(await codeOf(response), code);
    });
  });
}

test("422: not one header field; an empty body", async () => {
  await withDoor({}, async ({ url }) => {
    for (const body of ["", "just text without a field\r\n"]) {
      const response = await post(`${url}/v1/inspect?${envelope}`, body);
      assert.equal(response.status, 422);
      assert.equal(await codeOf(response), "no-header");
    }
  });
});

test("415: curl's default content type, and packed bodies (zip bombs)", async () => {
  await withDoor({}, async ({ url }) => {
    const form = await post(`${url}/v1/inspect`, letter, { "Content-Type": "application/x-www-form-urlencoded" });
    assert.deepEqual([form.status, await codeOf(form)], [415, "content-type"]);
    const packed = await post(`${url}/v1/inspect`, letter, { "Content-Encoding": "gzip" });
    assert.deepEqual([packed.status, await codeOf(packed)], [415, "content-encoding"]);
  });
});

test("413: past message_bytes_max by one, whether announced or counted; exactly the limit is taken", async () => {
  const messageBytesMax = 64 * 1024;
  await withDoor({ habits: { messageBytesMax } }, async ({ url }) => {
    const fill = (bytes: number): string => letter + "x".repeat(bytes - letter.length);
    for (const [bytes, status] of [
      [messageBytesMax - 1, 200],
      [messageBytesMax, 200],
      [messageBytesMax + 1, 413],
    ] as const) {
      const announced = await post(`${url}/v1/inspect?${envelope}`, fill(bytes));
      assert.equal(announced.status, status, `announced ${bytes}`);
      await announced.arrayBuffer();
      const streamed = await fetch(`${url}/v1/inspect?${envelope}`, streaming(new Blob([fill(bytes)]).stream()));
      assert.equal(streamed.status, status, `counted ${bytes}`);
      if (status === 413) assert.equal(await codeOf(streamed), "message-too-large");
      else await streamed.arrayBuffer();
    }
  });
});

test("413: JSON past its own, smaller limit says what to do", async () => {
  await withDoor({ habits: { messageBytesMax: 64 * 1024 } }, async ({ url }) => {
    const response = await post(`${url}/v1/inspect`, JSON.stringify({ message: letter + "x".repeat(70_000) }), {
      "Content-Type": "application/json",
    });
    assert.equal(response.status, 413);
    assert.match(await response.text(), /message\/rfc822/);
  });
});

test("a message of 64 MB streams: what is kept stays flat", async () => {
  const collect = collector();
  await withDoor({ habits: { messageBytesMax: 200 * 1024 * 1024 } }, async ({ url }) => {
    const megabyte = Buffer.from(`${"x".repeat(1024 * 1024 - 2)}\r\n`);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    let left = 64;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left % 8 === 0) {
          collect();
          peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        }
        if (left === 64) controller.enqueue(Buffer.from(letter));
        else if (left >= 0) controller.enqueue(megabyte);
        else controller.close();
        left -= 1;
      },
    });
    const response = await fetch(`${url}/v1/inspect?${envelope}`, streaming(body));
    const inspection = await inspectionOf(response);
    assert.ok((inspection.transaction.size ?? 0) > 64_000_000);
    assert.ok(peak < 16 * 1024 * 1024, `${peak} bytes`);
  });
});

function streaming(body: NonNullable<RequestInit["body"]>): RequestInit {
  return { method: "POST", headers: { "Content-Type": "message/rfc822" }, body, duplex: "half" };
}

/** The garbage collector, which a test may call. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

test("503: too many messages at once come again", async () => {
  await withDoor({ toml: "[serve]\nmessages_max = 1\n" }, async ({ url, port }) => {
    const head = `POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: ${letter.length + 10}\r\n\r\n`;
    const slow = connect(port, "127.0.0.1");
    slow.on("error", () => {});
    slow.write(head + letter);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const response = await post(`${url}/v1/inspect?${envelope}`, letter);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "5");
    assert.equal(await codeOf(response), "busy");
    slow.destroy();
  });
});

test("an answer before the message was read leaves the connection usable", async () => {
  const reply = { code: 451, enhanced: "4.3.2", text: "busy" };
  const service = serviceOf(() => plainDialogue({ data: async () => ({ kind: "refuse", reply, inspection: null }) }));
  await withDoor({ service }, async ({ port, events }) => {
    const body = letter + "x".repeat(500_000);
    const head = `POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: ${body.length}\r\n\r\n`;
    const told = await raw(port, `${head}${body}GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(told, /^HTTP\/1\.1 503 [\s\S]*HTTP\/1\.1 200 OK[\s\S]*"alive"/);
    assert.deepEqual(events, ["opened", "closed"]);
  });
});

test("500: a fault of ours is one, and is told to the log; the next message is taken", async () => {
  const broken = serviceOf(() => plainDialogue({ mail: () => Promise.reject(new Error("a bug")), data: async () => ({ kind: "gone" }) }));
  await withDoor({ service: broken }, async ({ url, faults }) => {
    const response = await post(`${url}/v1/inspect?mail_from=a@b.example`, letter);
    assert.deepEqual([response.status, await codeOf(response)], [500, "fault"]);
    assert.equal(faults.length, 1);
  });
});

test("500: a message that a fault kept from being inspected; and it stays one after it was deferred often enough", async () => {
  const reply = { code: 451, enhanced: "4.3.0", text: "Temporary fault in mail authentication, please try again later." };
  for (const disposition of [
    { kind: "refuse", reply, inspection: null },
    { kind: "accept", headers: [], removals: [], hold: null, inspection: null },
  ] as const) {
    const service = serviceOf(() => plainDialogue({ data: async () => disposition }));
    await withDoor({ service }, async ({ url }) => {
      const response = await post(`${url}/v1/inspect?${envelope}`, letter);
      assert.deepEqual([response.status, await codeOf(response)], [500, "fault"]);
    });
  }
});

test("a client that goes away in the middle is nothing decided, and no fault", async (t) => {
  const printed: unknown[] = [];
  t.mock.method(console, "info", (...args: unknown[]) => printed.push(args));
  t.mock.method(console, "error", (...args: unknown[]) => printed.push(args));
  await withDoor({}, async ({ port, url, decisions, faults, door }) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(`POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: 100000\r\n\r\n${letter}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    for (let i = 0; i < 100 && door.connections > 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(door.connections, 0);
    assert.deepEqual([decisions.length, faults.length], [0, 0]);
    assert.equal((await post(`${url}/v1/inspect?${envelope}`, letter)).status, 200);
  });
  assert.deepEqual(printed, []);
});

test("nothing is decoded twice: a chunked body that is cut is no message (RFC 9112 §7.1)", async () => {
  await withDoor({}, async ({ port, decisions }) => {
    const told = await raw(
      port,
      `POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nFrom:\r\nZZ\r\n`,
    );
    assert.match(told, /^(HTTP\/1\.1 400 |$)/);
    assert.equal(decisions.length, 0);
  });
});

test("both lengths at once are refused (request smuggling, RFC 9112 §6.3)", async () => {
  await withDoor({}, async ({ port }) => {
    const told = await raw(
      port,
      "POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    assert.match(told, /^HTTP\/1\.1 400 /);
    assert.match(told, /"code":"bad-request"/);
  });
});

test("closing lets a message under way end, and takes no new connection", async () => {
  const { door, port, decisions } = await openDoor();
  const socket = connect(port, "127.0.0.1");
  const answered = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
  const half = Math.floor(letter.length / 2);
  socket.write(
    `POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: ${letter.length}\r\n\r\n${letter.slice(0, half)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = door.close(5000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  socket.write(letter.slice(half));
  await closed;
  assert.match(await answered, /^HTTP\/1\.1 200 OK/);
  assert.equal(decisions.length, 1);
});

test("closing cuts what is left after the grace", async () => {
  const { door, port } = await openDoor();
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: 100\r\n\r\nFrom");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const startedAt = Date.now();
  await door.close(200);
  assert.ok(Date.now() - startedAt < 2000);
  assert.equal(door.connections, 0);
  socket.destroy();
});
