import assert from "node:assert/strict";
import { test } from "node:test";
import { parseResolvConf, systemResolvConf } from "./resolv-conf.ts";

const nothing = { servers: ["127.0.0.1"], timeoutSeconds: null, attempts: null, trustAd: false };

test("resolv.conf(5): servers, their scope, and the options we know", () => {
  const text = `# comment
; comment
domain example.com
search example.com example.net
nameserver 192.0.2.53
nameserver\t2001:db8::53
  nameserver fe80::1%eth0
nameserver 192.0.2.54
options edns0 trust-ad timeout:2 attempts:4 ndots:2
`;
  assert.deepEqual(parseResolvConf(text), {
    servers: ["192.0.2.53", "2001:db8::53", "fe80::1%eth0"],
    timeoutSeconds: 2,
    attempts: 4,
    trustAd: true,
  });
});

test("resolv.conf(5): CRLF line ends, later options win, values are capped", () => {
  const text = "nameserver 192.0.2.53\r\noptions timeout:1\r\noptions timeout:999 attempts:99\r\n";
  assert.deepEqual(parseResolvConf(text), { servers: ["192.0.2.53"], timeoutSeconds: 30, attempts: 5, trustAd: false });
});

test("resolv.conf(5): without a usable server it is 127.0.0.1", () => {
  for (const text of ["", "nameserver", "nameserver localhost", "nameserver 1.2.3", "nameserver 192.0.2.1:53", "nameserver\u00002.2.2.2"]) {
    assert.deepEqual(parseResolvConf(text), nothing, text);
  }
});

test("resolv.conf(5): values that are no numbers are passed over", () => {
  for (const text of ["options timeout: attempts:x", "options timeout:-1", "options timeout:1e9 attempts:99999999", "options"]) {
    assert.deepEqual(parseResolvConf(text), nothing, text);
  }
  assert.deepEqual(parseResolvConf("options timeout:0 attempts:0"), { ...nothing, timeoutSeconds: 1, attempts: 1 });
});

test("a file that is missing means the defaults", () => {
  assert.deepEqual(systemResolvConf("/nonexistent/resolv.conf"), nothing);
});
