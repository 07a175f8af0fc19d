import assert from "node:assert/strict";
import { test } from "node:test";
import { openMessage } from "../mail/message.ts";
import { openTransaction } from "./envelope.ts";
import { withGatewayResult } from "./gateway-result.ts";

const gateways = [{ name: "gw.us.example", networks: ["192.0.2.0/28"] }];
const said = (id: string, result: string): string => `Authentication-Results: ${id}; dmarc=${result} header.from=good.example\r\n`;

async function read(fields: string, ip: string, direction: "inbound" | "outbound" = "inbound") {
  const { header } = await openMessage(Buffer.from(`${fields}From: <a@good.example>\r\n\r\n`));
  return withGatewayResult({ gateways }, header, openTransaction({ ip, direction }, header)).gatewayResult;
}

test("compauth.md row 10: what a gateway of ours says of the message is read from its own field", async () => {
  assert.deepEqual(await read(said("gw.us.example", "pass"), "192.0.2.1"), {
    gateway: "gw.us.example",
    result: "pass",
    from: "good.example",
  });
  assert.equal((await read(said("gw.us.example", "fail"), "192.0.2.1"))?.result, "fail");
  assert.equal((await read(said("gw.us.example", "temperror"), "192.0.2.1"))?.result, "none");
});

test("attack: a field in the gateway's name on mail that did not come from it", async () => {
  assert.equal(await read(said("gw.us.example", "pass"), "203.0.113.9"), undefined);
});

test("attack: a second field in the gateway's name below its own, and a stranger's above it", async () => {
  assert.equal((await read(said("gw.us.example", "fail") + said("gw.us.example", "pass"), "192.0.2.1"))?.result, "fail");
  assert.equal((await read(said("mx.evil.example", "pass") + said("gw.us.example", "fail"), "192.0.2.1"))?.result, "fail");
});

test("without a field, without DMARC in it, or outbound: nothing is said", async () => {
  assert.equal(await read("", "192.0.2.1"), undefined);
  assert.equal(await read("Authentication-Results: gw.us.example; spf=pass smtp.mailfrom=good.example\r\n", "192.0.2.1"), undefined);
  assert.equal(await read(said("gw.us.example", "pass"), "192.0.2.1", "outbound"), undefined);
});
